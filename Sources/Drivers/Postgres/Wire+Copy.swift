internal import CLibPQ

extension Wire {
    /// Streams rows in the binary format (PostgreSQL manual, COPY, "Binary Format") and returns how many there were.
    func copy<Rows: Sequence>(
        _ sql: String, rows: Rows, _ encode: (inout CopyRow, Rows.Element) -> Void
    ) throws(PostgresError) -> Int {
        try beginCopy(sql)
        var row = CopyRow(buffer: Array("PGCOPY\n\u{FF}\r\n\0".unicodeScalars.map { UInt8($0.value) }))
        row.buffer.append(contentsOf: repeatElement(0, count: 8))
        for element in rows {
            let start = row.buffer.count
            row.buffer.append(bigEndian: Int16(0))
            row.columnCount = 0
            encode(&row, element)
            row.buffer.overwrite(bigEndian: row.columnCount, at: start)
            if row.buffer.count >= 65_536 {
                try send(row.buffer)
                row.buffer.removeAll(keepingCapacity: true)
            }
        }
        row.buffer.append(bigEndian: Int16(-1))
        try send(row.buffer)
        guard PQputCopyEnd(handle, nil) == 1 else { throw failure(nil) }
        return try endCopy()
    }

    private func beginCopy(_ sql: String) throws(PostgresError) {
        try admitStatement()
        guard PQsendQuery(handle, sql) == 1 else { throw failure(nil) }
        guard let result = try nextResult() else { throw failure(nil) }
        guard PQresultStatus(result.pointer) == PGRES_COPY_IN else {
            while try nextResult() != nil {}
            throw failure(result)
        }
    }

    private func send(_ bytes: [UInt8]) throws(PostgresError) {
        let status = bytes.withUnsafeBytes {
            PQputCopyData(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
        }
        guard status == 1 else { throw failure(nil) }
        try flush()
    }

    private func endCopy() throws(PostgresError) -> Int {
        var count = 0
        var first: PostgresError?
        while let result = try nextResult() {
            if PQresultStatus(result.pointer) == PGRES_COMMAND_OK {
                count = result.affectedRows
            } else {
                first = first ?? failure(result)
            }
        }
        if let first { throw first }
        return count
    }
}
