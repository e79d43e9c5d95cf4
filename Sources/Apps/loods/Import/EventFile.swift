import Contracts
import Model

/// What an import brings, piece by piece.
protocol EventSource {
    /// The rows of the next piece; nil at the end.
    ///
    /// - Throws: `RecordFault` where the whole cannot be read on.
    mutating func next() throws -> [EventFile.Row]?
    /// Bytes taken from the file so far, inflated.
    var position: Int { get }
}

/// The events of a file, one after the other, and what of it is none.
struct EventFile: EventSource {
    /// What one record of the file is.
    enum Row {
        case event(AcceptedEvent)
        case rejected(Rejection)
    }

    struct Rejection: Sendable, Hashable {
        /// 1-based.
        var line: Int
        var reason: String
        var text: String
    }

    private let file: InputFile
    private let digest: FileDigest
    private let reading: ItemReading
    private let map: ImportMap?
    private var splitter: RecordSplitter
    private var rows: RowReading?
    private var isPastHeader = false
    /// Counts the records that hold data: the row of an id.
    private var row = 0
    private var hasEnded = false
    /// Bytes taken from the file so far, inflated.
    private(set) var position = 0

    /// - Parameter map: nil for lines of JSON.
    init(_ path: String, digest: FileDigest, map: ImportMap?, reading: ItemReading) throws {
        file = try InputFile(path)
        self.digest = digest
        self.reading = reading
        self.map = map
        splitter = RecordSplitter(
            map.map { map in
                if case .character(let delimiter) = map.delimiter { .quoted(delimiter: delimiter) } else { .lines }
            } ?? .lines)
    }

    /// The rows of the next piece of the file; nil at the end.
    ///
    /// - Throws: `RecordFault` where the file as a whole cannot be read on.
    mutating func next() throws -> [Row]? {
        guard !hasEnded else { return nil }
        let piece = try file.next()
        position += piece.count
        hasEnded = piece.isEmpty
        let records = try piece.isEmpty ? splitter.finish() : splitter.add(piece)
        var rows: [Row] = []
        rows.reserveCapacity(records.count)
        for record in records {
            if try takesAsHeader(record) { continue }
            row += 1
            rows.append(read(record))
        }
        return rows
    }

    /// Whether a record is the header; learns the columns from it.
    private mutating func takesAsHeader(_ record: RecordSplitter.Record) throws(RecordFault) -> Bool {
        guard let map, !isPastHeader else { return false }
        isPastHeader = true
        do throws(RecordFault) {
            switch map.header {
            case .names: rows = try RowReading(map, columns: try Self.columns(of: record, map))
            case .absent, .skipped: rows = try RowReading(map, columns: map.columns ?? [])
            }
        } catch {
            throw RecordFault(error.reason, line: record.line)
        }
        if case .absent = map.header { return false }
        return true
    }

    private func read(_ record: RecordSplitter.Record) -> Row {
        do throws(RecordFault) {
            return .event(try reading.event(try item(record), id: digest.id(ofRow: row)))
        } catch {
            let text = String(decoding: record.bytes.prefix(4096), as: UTF8.self)
            return .rejected(Rejection(line: record.line, reason: error.reason, text: text))
        }
    }

    private func item(_ record: RecordSplitter.Record) throws(RecordFault) -> JSON {
        if let map, let rows { return try rows.item(try Self.columns(of: record, map)) }
        do throws(JSONError) {
            return try JSON(parsing: record.bytes)
        } catch {
            throw RecordFault("it is not JSON: \(error)")
        }
    }

    private static func columns(of record: RecordSplitter.Record, _ map: ImportMap) throws(RecordFault) -> [String] {
        switch map.delimiter {
        case .whitespace: try Columns.splitByWhitespace(record.bytes)
        case .character(let delimiter): try Columns.split(record.bytes, by: delimiter)
        }
    }
}
