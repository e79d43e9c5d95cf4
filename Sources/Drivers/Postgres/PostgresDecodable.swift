/// A value that can be read from a result in the server's binary format.
public protocol PostgresDecodable: PostgresArrayDecodable {
    /// Whether a column of this type can be read: `oid` is `pg_type.oid`.
    static func decodes(_ oid: UInt32) -> Bool
    /// Reads the bytes that the type's `…_send` function wrote.
    ///
    /// - Parameters:
    ///   - bytes: not aligned, and valid only during the call: copy what must stay.
    ///   - oid: the column's type, one that ``decodes(_:)`` accepts.
    init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError)
    /// What SQL's null becomes; an error for all but optionals.
    static func decodePostgresNull() throws(PostgresError) -> Self
}

extension PostgresDecodable {
    @inlinable public static func decodePostgresNull() throws(PostgresError) -> Self {
        throw .decoding("a null where \(Self.self) was expected")
    }

    @inlinable public static func decodesArray(_ oid: UInt32) -> Bool { true }

    @inlinable public static func decodeArray(
        _ bytes: UnsafeRawBufferPointer, oid: UInt32
    ) throws(PostgresError) -> [Self] {
        var reader = ArrayReader(bytes)
        let count = try reader.readHeader()
        guard count > 0 else { return [] }
        guard decodes(reader.elementOID) else {
            throw .decoding("an array of type \(reader.elementOID) does not fit [\(Self.self)]")
        }
        var values: [Self] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            if let element = try reader.nextElement() {
                values.append(try Self(postgresBytes: element, oid: reader.elementOID))
            } else {
                values.append(try decodePostgresNull())
            }
        }
        return values
    }
}

extension PostgresDecodable where Self: PostgresEncodable {
    @inlinable public static func decodes(_ oid: UInt32) -> Bool { oid == postgresType.oid }
}

/// A type whose arrays can be read. Conform to ``PostgresDecodable`` instead: it implies this.
public protocol PostgresArrayDecodable {
    /// Whether a column of this type may hold an array of these; the elements' own type is checked when it is read.
    static func decodesArray(_ oid: UInt32) -> Bool
    /// Reads a whole array.
    static func decodeArray(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError)
        -> [Self]
}

extension UInt8: PostgresArrayDecodable {
    public static func decodesArray(_ oid: UInt32) -> Bool { oid == PostgresType.bytea.oid }

    public static func decodeArray(
        _ bytes: UnsafeRawBufferPointer, oid: UInt32
    ) throws(PostgresError) -> [UInt8] {
        Array(bytes)
    }
}

extension Array: PostgresArrayDecodable where Element: PostgresArrayDecodable {}

extension Array: PostgresDecodable where Element: PostgresArrayDecodable {
    @inlinable public static func decodes(_ oid: UInt32) -> Bool { Element.decodesArray(oid) }

    @inlinable public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32)
        throws(PostgresError)
    {
        self = try Element.decodeArray(bytes, oid: oid)
    }
}

extension Optional: PostgresArrayDecodable where Wrapped: PostgresDecodable {}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    @inlinable public static func decodes(_ oid: UInt32) -> Bool { Wrapped.decodes(oid) }

    @inlinable public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32)
        throws(PostgresError)
    {
        self = try Wrapped(postgresBytes: bytes, oid: oid)
    }

    @inlinable public static func decodePostgresNull() throws(PostgresError) -> Wrapped? { nil }
}
