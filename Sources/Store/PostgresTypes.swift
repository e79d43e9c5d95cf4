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

    public func encode(into buffer: inout [UInt8]) {
        withUnsafeBytes(of: (microseconds - Self.epoch).bigEndian) { buffer.append(contentsOf: $0) }
    }

    public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError) {
        guard bytes.count == 8 else { throw .decoding("a timestamptz has 8 bytes") }
        self.init(microseconds: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)) + Self.epoch)
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
