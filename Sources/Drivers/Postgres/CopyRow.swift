/// One row of a binary COPY; append the values in the order of the columns.
public struct CopyRow {
    @usableFromInline var buffer: [UInt8]
    @usableFromInline var columnCount: Int16 = 0

    init(buffer: [UInt8]) {
        self.buffer = buffer
    }

    /// Appends the next column. Its type must be exactly the column's: COPY converts nothing.
    @inlinable public mutating func append<Value: PostgresEncodable>(_ value: Value) {
        value.encodeWithLength(into: &buffer)
        columnCount += 1
    }
}
