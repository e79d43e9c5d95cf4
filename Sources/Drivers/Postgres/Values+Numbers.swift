extension Bool: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .bool }

    @inlinable public func encode(into buffer: inout [UInt8]) {
        buffer.append(self ? 1 : 0)
    }

    @inlinable public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32)
        throws(PostgresError)
    {
        guard bytes.count == 1 else { throw .decoding("a bool of \(bytes.count) bytes") }
        self = bytes[0] != 0
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int2 }

    @inlinable public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }

    @inlinable public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32)
        throws(PostgresError)
    {
        self = try bytes.readInteger()
    }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int4 }

    @inlinable public static func decodes(_ oid: UInt32) -> Bool {
        oid == PostgresType.int4.oid || oid == PostgresType.int2.oid
    }

    @inlinable public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }

    @inlinable public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32)
        throws(PostgresError)
    {
        self = try bytes.readInteger()
    }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }

    @inlinable public static func decodes(_ oid: UInt32) -> Bool {
        oid == PostgresType.int8.oid || Int32.decodes(oid)
    }

    @inlinable public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }

    @inlinable public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32)
        throws(PostgresError)
    {
        self = try bytes.readInteger()
    }
}

/// An `int8` on the server.
extension Int: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }

    @inlinable public static func decodes(_ oid: UInt32) -> Bool { Int64.decodes(oid) }

    @inlinable public func encode(into buffer: inout [UInt8]) {
        buffer.append(bigEndian: Int64(self))
    }

    @inlinable public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32)
        throws(PostgresError)
    {
        self = try bytes.readInteger()
    }
}

extension Double: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .float8 }

    @inlinable public static func decodes(_ oid: UInt32) -> Bool {
        oid == PostgresType.float8.oid || oid == PostgresType.float4.oid
    }

    @inlinable public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: bitPattern) }

    @inlinable public init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32)
        throws(PostgresError)
    {
        switch bytes.count {
        case 8: self = Double(bitPattern: bytes.loadBigEndian())
        case 4: self = Double(Float(bitPattern: bytes.loadBigEndian()))
        default: throw .decoding("a float of \(bytes.count) bytes")
        }
    }
}

extension UnsafeRawBufferPointer {
    @inlinable func loadBigEndian<Number: FixedWidthInteger>() -> Number {
        Number(bigEndian: loadUnaligned(as: Number.self))
    }

    /// Reads an int2, int4 or int8; the caller has checked that the column's type fits the number's.
    @inlinable func readInteger<Number: FixedWidthInteger>() throws(PostgresError) -> Number {
        switch count {
        case 8 where Number.bitWidth >= 64: Number(loadBigEndian() as Int64)
        case 4 where Number.bitWidth >= 32: Number(loadBigEndian() as Int32)
        case 2: Number(loadBigEndian() as Int16)
        default: throw .decoding("an integer of \(count) bytes where \(Number.self) was expected")
        }
    }
}
