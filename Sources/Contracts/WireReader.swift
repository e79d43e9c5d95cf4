public import Model

/// Takes fields off a body in the order in which `WireWriter` put them there.
///
/// Each call names its field, so that a malformed body says where it breaks.
public struct WireReader: Sendable {
    private let bytes: [UInt8]
    private var index: Int

    public init(_ bytes: [UInt8], from index: Int = 0) {
        self.bytes = bytes
        self.index = index
    }

    public var isAtEnd: Bool { index == bytes.count }

    public mutating func uint8(_ field: String) throws(ContractError) -> UInt8 { try integer(field) }
    public mutating func uint16(_ field: String) throws(ContractError) -> UInt16 { try integer(field) }
    public mutating func uint32(_ field: String) throws(ContractError) -> UInt32 { try integer(field) }
    public mutating func int32(_ field: String) throws(ContractError) -> Int32 { try integer(field) }
    public mutating func int64(_ field: String) throws(ContractError) -> Int64 { try integer(field) }

    public mutating func bool(_ field: String) throws(ContractError) -> Bool {
        let byte: UInt8 = try integer(field)
        guard byte < 2 else { throw .malformed(field: field) }
        return byte == 1
    }

    public mutating func run(_ field: String) throws(ContractError) -> [UInt8] { Array(try slice(field)) }

    public mutating func string(_ field: String) throws(ContractError) -> String {
        guard let text = String(validating: try slice(field), as: UTF8.self) else { throw .malformed(field: field) }
        return text
    }

    public mutating func uniqueID(_ field: String) throws(ContractError) -> UniqueID {
        UniqueID(high: try integer(field), low: try integer(field))
    }

    public mutating func timestamp(_ field: String) throws(ContractError) -> Timestamp {
        Timestamp(microseconds: try integer(field))
    }

    public mutating func contactKey(_ field: String) throws(ContractError) -> ContactKey {
        ContactKey(workspace: WorkspaceID(rawValue: try integer(field)), contact: try uniqueID(field))
    }

    public mutating func optional<Value>(
        _ field: String, _ body: (inout WireReader) throws(ContractError) -> Value
    ) throws(ContractError) -> Value? {
        try bool(field) ? try body(&self) : nil
    }

    public mutating func array<Element>(
        _ field: String, _ body: (inout WireReader) throws(ContractError) -> Element
    ) throws(ContractError) -> [Element] {
        let count = Int(try uint32(field))
        guard count <= bytes.count - index else { throw .malformed(field: field) }
        var elements: [Element] = []
        // A count can claim an element a byte, each of which would take hundreds of bytes of memory.
        elements.reserveCapacity(min(count, 1024))
        for _ in 0..<count { elements.append(try body(&self)) }
        return elements
    }

    private mutating func integer<Integer: FixedWidthInteger>(_ field: String) throws(ContractError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard index + size <= bytes.count else { throw .malformed(field: field) }
        defer { index += size }
        return bytes.withUnsafeBytes {
            Integer(littleEndian: $0.loadUnaligned(fromByteOffset: index, as: Integer.self))
        }
    }

    private mutating func slice(_ field: String) throws(ContractError) -> ArraySlice<UInt8> {
        let count = Int(try uint32(field))
        guard count <= bytes.count - index else { throw .malformed(field: field) }
        defer { index += count }
        return bytes[index..<index + count]
    }
}
