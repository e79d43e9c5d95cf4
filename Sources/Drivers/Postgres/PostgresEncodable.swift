/// A value that can be bound to a query or copied into a table, in the server's binary format.
///
/// A module may conform its own types; arrays and optionals of them then work too.
public protocol PostgresEncodable: PostgresArrayElement {
    /// The type that the server is told.
    static var postgresType: PostgresType { get }
    /// Whether the value is SQL's null; then ``encode(into:)`` is not called. False for all but optionals.
    var isPostgresNull: Bool { get }
    /// Appends the value's bytes as the type's `…_recv` function reads them: without a length, integers big-endian.
    func encode(into buffer: inout [UInt8])
}

extension PostgresEncodable {
    @inlinable public var isPostgresNull: Bool { false }

    @inlinable public static var postgresArrayType: PostgresType { postgresType.array }

    @inlinable public static func encodeArray(_ values: [Self], into buffer: inout [UInt8]) {
        encodeElements(values, into: &buffer)
    }

    @inlinable static func encodeElements(_ values: [Self], into buffer: inout [UInt8]) {
        // array_recv: dimensions, whether there are nulls, the element's type, then the size and the first index
        let hasNulls = values.contains { $0.isPostgresNull }
        buffer.append(bigEndian: Int32(values.isEmpty ? 0 : 1))
        buffer.append(bigEndian: Int32(hasNulls ? 1 : 0))
        buffer.append(bigEndian: postgresType.oid)
        if values.isEmpty { return }
        buffer.append(bigEndian: Int32(values.count))
        buffer.append(bigEndian: Int32(1))
        for value in values { value.encodeWithLength(into: &buffer) }
    }

    /// Appends the length as four bytes and then the value; a null is the length -1 alone.
    @inlinable func encodeWithLength(into buffer: inout [UInt8]) {
        if isPostgresNull {
            buffer.append(bigEndian: Int32(-1))
            return
        }
        let start = buffer.count
        buffer.append(bigEndian: Int32(0))
        encode(into: &buffer)
        buffer.overwrite(bigEndian: Int32(buffer.count - start - 4), at: start)
    }
}

/// A type whose arrays can be bound. Conform to ``PostgresEncodable`` instead: it implies this.
///
/// It stands apart only because `[UInt8]` is a `bytea`, not an array of numbers.
public protocol PostgresArrayElement {
    /// The type of an array of these.
    static var postgresArrayType: PostgresType { get }
    /// Appends the whole array.
    static func encodeArray(_ values: [Self], into buffer: inout [UInt8])
}

extension UInt8: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .bytea }

    public static func encodeArray(_ values: [UInt8], into buffer: inout [UInt8]) {
        buffer.append(contentsOf: values)
    }
}

extension Array: PostgresArrayElement where Element: PostgresArrayElement {
    /// A `bytea[]`: the only array of arrays there is.
    public static func encodeArray(_ values: [[Element]], into buffer: inout [UInt8]) {
        precondition(Element.self == UInt8.self, "only one-dimensional arrays are supported")
        // The types are the same, so the cast is one in name only; known, the loop needs no dispatch per element.
        [UInt8].encodeElements(unsafeBitCast(values, to: [[UInt8]].self), into: &buffer)
    }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    @inlinable public static var postgresType: PostgresType { Element.postgresArrayType }

    @inlinable public func encode(into buffer: inout [UInt8]) {
        Element.encodeArray(self, into: &buffer)
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresEncodable {}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    @inlinable public static var postgresType: PostgresType { Wrapped.postgresType }
    @inlinable public var isPostgresNull: Bool { self?.isPostgresNull ?? true }

    @inlinable public func encode(into buffer: inout [UInt8]) {
        self?.encode(into: &buffer)
    }
}

extension [UInt8] {
    /// Appends a number in network byte order, the form of nearly everything in the binary format.
    @inlinable public mutating func append<Number: FixedWidthInteger>(bigEndian number: Number) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    @inlinable mutating func overwrite<Number: FixedWidthInteger>(
        bigEndian number: Number, at offset: Int
    ) {
        withUnsafeMutableBytes {
            $0.storeBytes(of: number.bigEndian, toByteOffset: offset, as: Number.self)
        }
    }
}
