/// A `text` on the server, which refuses the character U+0000 (SQLSTATE 22021).
extension String: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .text }

    public static func decodes(_ oid: UInt32) -> Bool {
        switch oid {
        case PostgresType.text.oid, PostgresType.varchar.oid, PostgresType.bpchar.oid,
            PostgresType.name.oid,
            PostgresType.json.oid:
            true
        default:
            false
        }
    }

    public func encode(into buffer: inout [UInt8]) {
        buffer.append(contentsOf: utf8)
    }

    public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError) {
        self = String(decoding: bytes, as: UTF8.self)
    }
}

/// The text of a JSON document, bound and read as `jsonb`. The server checks and normalises it.
public struct JSONBytes: Sendable, Hashable {
    /// UTF-8.
    public var bytes: [UInt8]

    /// Wraps a document; it is checked only by the server (SQLSTATE 22P02).
    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension JSONBytes: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .jsonb }

    public static func decodes(_ oid: UInt32) -> Bool {
        oid == PostgresType.jsonb.oid || oid == PostgresType.json.oid
    }

    public func encode(into buffer: inout [UInt8]) {
        buffer.append(1)
        buffer.append(contentsOf: bytes)
    }

    public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError) {
        guard oid == PostgresType.jsonb.oid else {
            self.init(bytes: Array(bytes))
            return
        }
        guard bytes.first == 1 else { throw .decoding("a jsonb of an unknown version") }
        self.init(bytes: Array(bytes.dropFirst()))
    }
}
