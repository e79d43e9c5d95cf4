import Model

/// The records of a file that `loods export` may have written: a table whose first line names its columns, or lines of JSON.
struct RecordFile {
    /// A record with its place, or what is wrong with it.
    struct Record {
        /// 1-based, where it begins.
        var line: Int
        /// 1-based, the header not counted.
        var row: Int
        var fields: Result<[String: JSON], RecordFault>
        var bytes: ArraySlice<UInt8>

        /// What is told of a record that cannot be used.
        func rejection(_ fault: RecordFault) -> EventFile.Rejection {
            EventFile.Rejection(
                line: line, reason: fault.reason, text: String(decoding: bytes.prefix(4096), as: UTF8.self))
        }
    }

    private let file: InputFile
    private let form: RecordOutput.Form
    /// Tries the columns of a table, before any row.
    private let check: ([String]) throws(RecordFault) -> Void
    private var splitter: RecordSplitter
    private var columns: [String]?
    private var row = 0
    private var hasEnded = false
    /// Bytes taken from the file so far, inflated.
    private(set) var position = 0

    init(_ path: String, _ form: RecordOutput.Form, check: @escaping ([String]) throws(RecordFault) -> Void) throws {
        file = try InputFile(path)
        self.form = form
        self.check = check
        splitter = RecordSplitter(form == .csv ? .quoted(delimiter: UInt8(ascii: ",")) : .lines)
    }

    /// The form that a file's name tells: `.csv`, packed or not, is a table.
    static func form(of path: String) -> RecordOutput.Form {
        let name = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
        return name.lowercased().hasSuffix(".csv") ? .csv : .jsonl
    }

    /// The records of the next piece of the file; nil at the end.
    ///
    /// - Throws: `RecordFault` where the file as a whole cannot be read on.
    mutating func next() throws -> [Record]? {
        guard !hasEnded else { return nil }
        let piece = try file.next()
        position += piece.count
        hasEnded = piece.isEmpty
        let found = try piece.isEmpty ? splitter.finish() : splitter.add(piece)
        var records: [Record] = []
        records.reserveCapacity(found.count)
        for record in found {
            if form == .csv, columns == nil {
                try takeHeader(record)
                continue
            }
            row += 1
            records.append(Record(line: record.line, row: row, fields: fields(of: record), bytes: record.bytes))
        }
        return records
    }

    private mutating func takeHeader(_ record: RecordSplitter.Record) throws(RecordFault) {
        do throws(RecordFault) {
            let names = try Columns.split(record.bytes, by: UInt8(ascii: ",")).map(Cell.unguarded)
            if let twice = Dictionary(grouping: names, by: \.self).first(where: { $1.count > 1 })?.key {
                throw RecordFault("the column \"\(twice)\" is there twice")
            }
            try check(names)
            columns = names
        } catch {
            throw RecordFault(error.reason, line: record.line)
        }
    }

    private func fields(of record: RecordSplitter.Record) -> Result<[String: JSON], RecordFault> {
        do throws(RecordFault) {
            return .success(try form == .csv ? row(record.bytes) : object(record.bytes))
        } catch {
            return .failure(error)
        }
    }

    private func row(_ bytes: ArraySlice<UInt8>) throws(RecordFault) -> [String: JSON] {
        let (cells, columns) = (try Columns.split(bytes, by: UInt8(ascii: ",")), columns ?? [])
        guard cells.count == columns.count else {
            throw RecordFault("it has \(cells.count.counted("column")), not \(columns.count)")
        }
        var fields: [String: JSON] = [:]
        for (column, cell) in zip(columns, cells) { fields[column] = Cell.read(Cell.unguarded(cell)) }
        return fields
    }

    private func object(_ bytes: ArraySlice<UInt8>) throws(RecordFault) -> [String: JSON] {
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: bytes)
        } catch {
            throw RecordFault("it is not JSON: \(error)")
        }
        guard var fields = value.object else { throw RecordFault("it is not an object") }
        if let traits = fields.removeValue(forKey: "traits") {
            guard let traits = traits.object else { throw RecordFault("traits: is not an object") }
            for (name, value) in traits { fields["traits.\(name)"] = value }
        }
        try check(Array(fields.keys))
        return fields.filter { $0.value != .null }
    }
}

extension RecordFile.Record {
    /// Whether the record is one that is to be read.
    func isBehind(_ skipped: Int) -> Bool { row > skipped }
}
