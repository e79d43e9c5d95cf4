public import Model

/// Appends fields to a body: little-endian numbers, strings and byte runs behind a 32-bit length.
public struct WireWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public var count: Int { bytes.count }

    public init() {}

    /// - Parameter capacity: bytes that will be written, as far as that is known.
    public init(capacity: Int) { bytes.reserveCapacity(capacity) }

    public mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

    public mutating func write(_ run: some Collection<UInt8>) {
        write(UInt32(run.count))
        bytes.append(contentsOf: run)
    }

    public mutating func write(_ text: String) { write(text.utf8) }

    /// Appends bytes that are in the form of the wire already.
    public mutating func append(_ bytes: ArraySlice<UInt8>) { self.bytes.append(contentsOf: bytes) }

    /// Writes a time over the one that stands at `index`.
    public mutating func replace(at index: Int, with time: Timestamp) {
        precondition(index >= 0 && index + 8 <= bytes.count, "no time stands there")
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: time.microseconds.littleEndian, toByteOffset: index, as: Int64.self)
        }
    }

    public mutating func write(_ id: UniqueID) {
        write(id.high)
        write(id.low)
    }

    public mutating func write(_ time: Timestamp) { write(time.microseconds) }

    public mutating func write(_ key: ContactKey) {
        write(key.workspace.rawValue)
        write(key.contact)
    }

    public mutating func write<Value>(_ value: Value?, _ body: (inout WireWriter, Value) -> Void) {
        write(value != nil)
        if let value { body(&self, value) }
    }

    public mutating func write<Element>(each elements: [Element], _ body: (inout WireWriter, Element) -> Void) {
        write(UInt32(elements.count))
        for element in elements { body(&self, element) }
    }
}
