public import Model
public import Postgres

extension UniqueID: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { PostgresType(oid: 2950, arrayOID: 2951) }

    public func encode(into buffer: inout [UInt8]) {
        withUnsafeBytes(of: high.bigEndian) { buffer.append(contentsOf: $0) }
        withUnsafeBytes(of: low.bigEndian) { buffer.append(contentsOf: $0) }
    }

    public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError) {
        guard bytes.count == 16 else { throw .decoding("a uuid has 16 bytes") }
        self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}

extension Timestamp: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { PostgresType(oid: 1184, arrayOID: 1185) }

    /// PostgreSQL counts microseconds from 2000-01-01.
    private static let epoch: Int64 = 946_684_800_000_000
    /// What it can tell apart (datatype/timestamp.h, MIN_TIMESTAMP and END_TIMESTAMP): 4714 BC until 294277 AD. The first
    /// and the last number of all are its `-infinity` and `infinity`.
    private static let finite: Range<Int64> = -211_813_488_000_000_000..<9_223_371_331_200_000_000

    /// A time before all that PostgreSQL can tell apart becomes `-infinity`.
    public func encode(into buffer: inout [UInt8]) {
        let (count, overflows) = microseconds.subtractingReportingOverflow(Self.epoch)
        let value = overflows || count < Self.finite.lowerBound ? Int64.min : count
        withUnsafeBytes(of: value.bigEndian) { buffer.append(contentsOf: $0) }
    }

    /// An infinite time, and one too late for us, becomes the first or the last that there is.
    public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError) {
        guard bytes.count == 8 else { throw .decoding("a timestamptz has 8 bytes") }
        let count = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        let (time, overflows) = count.addingReportingOverflow(Self.epoch)
        self.init(microseconds: overflows || !Self.finite.contains(count) ? (count < 0 ? .min : .max) : time)
    }
}

/// Where a row's version lies in its table: good as long as nobody changes the row, and no longer than the transaction.
struct RowPlace: Sendable, Hashable {
    var block: UInt32
    var offset: UInt16
}

extension RowPlace: PostgresEncodable, PostgresDecodable {
    static var postgresType: PostgresType { PostgresType(oid: 27, arrayOID: 1010) }

    func encode(into buffer: inout [UInt8]) {
        buffer.append(bigEndian: block)
        buffer.append(bigEndian: offset)
    }

    init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError) {
        guard bytes.count == 6 else { throw .decoding("a tid has 6 bytes") }
        block = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
        offset = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
    }
}

extension WorkspaceID: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { Int32.postgresType }

    public func encode(into buffer: inout [UInt8]) { rawValue.encode(into: &buffer) }

    public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError) {
        self.init(rawValue: try Int32(postgresBytes: bytes, oid: oid))
    }
}

extension JSON: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { JSONBytes.postgresType }

    public func encode(into buffer: inout [UInt8]) { JSONBytes(bytes: serialized).encode(into: &buffer) }

    public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError) {
        let text = try JSONBytes(postgresBytes: bytes, oid: oid)
        do { self = try JSON(parsing: text.bytes) } catch { throw .decoding("a jsonb value: \(error)") }
    }
}
