/// Walks over an array as `array_send` writes it.
@usableFromInline
struct ArrayReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    @usableFromInline private(set) var elementOID: UInt32 = 0

    @usableFromInline init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Reads up to the first element and returns how many there are.
    @usableFromInline mutating func readHeader() throws(PostgresError) -> Int {
        let dimensions = try read()
        _ = try read()
        elementOID = UInt32(bitPattern: try read())
        switch dimensions {
        case 0:
            return 0
        case 1:
            let count = try read()
            _ = try read()
            guard count >= 0, Int(count) <= (bytes.count - offset) / 4 else {
                throw .decoding("an array cut short")
            }
            return Int(count)
        default:
            throw .decoding("an array of \(dimensions) dimensions; only one is supported")
        }
    }

    /// The next element's bytes, or nil for a null.
    @usableFromInline mutating func nextElement() throws(PostgresError) -> UnsafeRawBufferPointer? {
        let length = Int(try read())
        if length < 0 { return nil }
        guard offset + length <= bytes.count else { throw .decoding("an array cut short") }
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }

    private mutating func read() throws(PostgresError) -> Int32 {
        guard offset + 4 <= bytes.count else { throw .decoding("an array cut short") }
        defer { offset += 4 }
        return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }
}
