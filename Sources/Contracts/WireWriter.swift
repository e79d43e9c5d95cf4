public import Model

/// Appends fields to a body: little-endian numbers, strings and byte runs behind a 32-bit length.
public struct WireWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

    public mutating func write(_ run: some Collection<UInt8>) {
        write(UInt32(run.count))
        bytes.append(contentsOf: run)
    }

    public mutating func write(_ text: String) { write(text.utf8) }

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
