/// The rows of a result. Values are read from libpq's memory when they are asked for.
///
/// Not sendable: decode inside the closure that was given the session, and return what was decoded.
public struct PostgresRows: RandomAccessCollection {
    private let result: ResultMemory

    init(_ result: ResultMemory) {
        self.result = result
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { result.rowCount }

    public subscript(index: Int) -> PostgresRow {
        precondition(index >= 0 && index < result.rowCount, "no such row")
        return PostgresRow(result: result, index: Int32(index))
    }

    /// The columns' names, in order.
    public var columnNames: [String] {
        result.columnOIDs.indices.map(result.name(ofColumn:))
    }
}

/// One row of a result.
public struct PostgresRow {
    @usableFromInline let result: ResultMemory
    @usableFromInline let index: Int32

    init(result: ResultMemory, index: Int32) {
        self.result = result
        self.index = index
    }

    /// How many columns there are.
    public var count: Int { result.columnOIDs.count }

    /// Reads one column.
    ///
    /// - Throws: ``PostgresError`` with code `decoding` for a null, another type, or no such column.
    @inlinable public subscript<Value: PostgresDecodable>(column: Int, as type: Value.Type) -> Value {
        get throws(PostgresError) {
            guard column >= 0, column < result.columnOIDs.count else {
                throw .decoding("column \(column) of a row of \(result.columnOIDs.count)")
            }
            let oid = result.columnOIDs[column]
            guard Value.decodes(oid) else {
                throw .decoding("column \(column) of type \(oid) does not fit \(Value.self)")
            }
            guard let bytes = result.bytes(row: index, column: Int32(column)) else {
                return try Value.decodePostgresNull()
            }
            return try withExtendedLifetime(result) { () throws(PostgresError) -> Value in
                try Value(postgresBytes: bytes, oid: oid)
            }
        }
    }

    /// Reads a row of one column.
    ///
    /// - Throws: ``PostgresError`` with code `decoding`, also where the row has more columns.
    @inlinable public func decode<Value: PostgresDecodable>(_ type: Value.Type) throws(PostgresError) -> Value {
        guard count == 1 else { throw .decoding("one column was asked for of a row of \(count)") }
        return try self[0, as: type]
    }

    /// Reads the whole row: `let (id, name) = try row.decode((Int64.self, String?.self))`.
    ///
    /// - Throws: ``PostgresError`` with code `decoding`, also where the row has more or fewer columns.
    @inlinable public func decode<each Value: PostgresDecodable>(
        _ types: (repeat (each Value).Type)
    ) throws(PostgresError) -> (repeat each Value) {
        var columns = ColumnReader(row: self)
        let values = (repeat try columns.next((each Value).self))
        try columns.finish()
        return values
    }
}

/// Hands out a row's columns from left to right.
@usableFromInline
struct ColumnReader {
    @usableFromInline let row: PostgresRow
    @usableFromInline var column = 0

    @inlinable init(row: PostgresRow) {
        self.row = row
    }

    @inlinable mutating func next<Value: PostgresDecodable>(_ type: Value.Type) throws(PostgresError)
        -> Value
    {
        defer { column += 1 }
        return try row[column, as: type]
    }

    @inlinable func finish() throws(PostgresError) {
        guard column == row.count else {
            throw .decoding("\(column) columns were asked for of a row of \(row.count)")
        }
    }
}
