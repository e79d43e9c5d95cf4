/// One SQL statement with its bound values, written as a string literal.
///
/// ```swift
/// let query: Query = "select name from contacts where contact_id = \(id) and stage = any(\(stages))"
/// ```
///
/// What is interpolated is bound as `$1`, `$2` …, in the server's binary format, and never becomes part of the text.
/// The same literal therefore always gives the same text, and each connection prepares it once.
public struct Query: ExpressibleByStringInterpolation, Sendable {
    /// The text with its placeholders; holds no values, so it may be logged.
    public let sql: String
    let binds: Binds

    public init(stringLiteral value: String) {
        sql = value
        binds = Binds()
    }

    public init(stringInterpolation: StringInterpolation) {
        sql = stringInterpolation.sql
        binds = stringInterpolation.binds
    }

    /// A statement from a trusted source, without values.
    public init(_ sql: TrustedSQL) {
        self.sql = sql.text
        binds = Binds()
    }

    /// The bound values, all in one buffer.
    struct Binds: Sendable {
        var oids: [UInt32] = []
        /// -1 is a null.
        var lengths: [Int32] = []
        var bytes: [UInt8] = []
    }

    /// Collects a ``Query``; not used by name.
    public struct StringInterpolation: StringInterpolationProtocol {
        var sql = ""
        var binds = Binds()

        public init(literalCapacity: Int, interpolationCount: Int) {
            sql.reserveCapacity(literalCapacity + interpolationCount * 3)
            binds.oids.reserveCapacity(interpolationCount)
            binds.lengths.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) {
            sql += literal
        }

        /// Binds a value.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            bind(value)
        }

        /// Binds a value or a null.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            bind(value)
        }

        /// Puts a piece of the program's own text into the statement as it stands.
        public mutating func appendInterpolation(unescaped text: StaticString) {
            sql += text.description
        }

        /// Puts a name into the statement, in double quotes.
        public mutating func appendInterpolation(identifier name: String) {
            sql += "\""
            for character in name.unicodeScalars where character != "\0" {
                sql.unicodeScalars.append(character)
                if character == "\"" { sql += "\"" }
            }
            sql += "\""
        }

        private mutating func bind<Value: PostgresEncodable>(_ value: Value) {
            let start = binds.bytes.count
            if !value.isPostgresNull { value.encode(into: &binds.bytes) }
            binds.lengths.append(value.isPostgresNull ? -1 : Int32(clamping: binds.bytes.count - start))
            binds.oids.append(Value.postgresType.oid)
            sql += "$\(binds.oids.count)"
        }
    }
}

extension Query: CustomStringConvertible {
    /// The text with its placeholders, without the values.
    public var description: String { sql }
}

/// SQL that comes from the program itself: a literal, or a file that is compiled in. Never made of input.
public struct TrustedSQL: ExpressibleByStringLiteral, Sendable, Hashable {
    /// The text as it is sent.
    public let text: String

    public init(stringLiteral value: String) {
        text = value
    }

    /// Vouches for a text: whoever writes this call has made sure that no input is in it.
    public init(trusted text: String) {
        self.text = text
    }
}
