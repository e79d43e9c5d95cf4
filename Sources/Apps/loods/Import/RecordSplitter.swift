/// Cuts a stream of bytes into records, each with the line on which it begins.
struct RecordSplitter {
    /// Where a record ends.
    enum Form {
        /// At every line break.
        case lines
        /// At a line break outside of double quotes (RFC 4180).
        case quoted
    }

    struct Record {
        var line: Int
        /// Without the line break.
        var bytes: ArraySlice<UInt8>
    }

    /// A longer record is not one; the rest of the file cannot be trusted.
    static let limit = 1_000_000

    private let form: Form
    private var buffer: [UInt8] = []
    private var line = 1

    init(_ form: Form) { self.form = form }

    /// Adds a piece of the stream.
    ///
    /// - Returns: the records that are complete now, empty lines left out.
    mutating func add(_ piece: [UInt8]) throws(RecordFault) -> [Record] {
        // A byte order mark says nothing in UTF-8.
        let isStart = line == 1 && buffer.isEmpty && piece.starts(with: [0xEF, 0xBB, 0xBF])
        buffer.append(contentsOf: isStart ? piece[3...] : piece[...])
        var records: [Record] = []
        var start = 0
        var lines = 0
        var isQuoted = false
        for (index, byte) in buffer.enumerated() {
            if byte == UInt8(ascii: "\""), form == .quoted { isQuoted.toggle() }
            guard byte == UInt8(ascii: "\n") else { continue }
            lines += 1
            if isQuoted { continue }
            append(start..<index, to: &records)
            start = index + 1
            line += lines
            lines = 0
        }
        buffer = Array(buffer[start...])
        guard buffer.count <= Self.limit else {
            throw RecordFault("the record that begins here has no end", line: line)
        }
        return records
    }

    /// The last record, where the stream ends without a line break.
    mutating func finish() throws(RecordFault) -> [Record] {
        var records: [Record] = []
        append(0..<buffer.count, to: &records)
        buffer = []
        return records
    }

    private func append(_ range: Range<Int>, to records: inout [Record]) {
        var bytes = Array(buffer[range])[...]
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        if bytes.contains(where: { $0 != 0x20 && $0 != 0x09 }) { records.append(Record(line: line, bytes: bytes)) }
    }
}

/// Why one record of a file is no event.
struct RecordFault: Error, Sendable, Hashable {
    var reason: String
    /// 1-based; 0 where it is not known yet.
    var line: Int

    init(_ reason: String, line: Int = 0) {
        self.reason = reason
        self.line = line
    }
}
