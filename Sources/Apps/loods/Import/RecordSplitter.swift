/// Cuts a stream of bytes into records, each with the line on which it begins.
struct RecordSplitter {
    /// Where a record ends.
    enum Form {
        /// At every line break.
        case lines
        /// At a line break outside of a column in double quotes (RFC 4180).
        case quoted(delimiter: UInt8)
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
        var quotes = QuoteState(form)
        for (index, byte) in buffer.enumerated() {
            quotes.pass(byte)
            guard byte == UInt8(ascii: "\n") else { continue }
            lines += 1
            if quotes.isInside { continue }
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

/// Whether a byte stands inside of a quoted column: one whose first character is a quote.
private struct QuoteState {
    private let delimiter: UInt8?
    private(set) var isInside = false
    private var mayOpen = true

    init(_ form: RecordSplitter.Form) {
        if case .quoted(let delimiter) = form { self.delimiter = delimiter } else { delimiter = nil }
    }

    mutating func pass(_ byte: UInt8) {
        guard let delimiter else { return }
        if byte == UInt8(ascii: "\"") {
            // A quote right behind a closing one opens again: the two are one quote in the text.
            if isInside { (isInside, mayOpen) = (false, true) } else if mayOpen { isInside = true }
        } else if !isInside {
            mayOpen = byte == delimiter || byte == UInt8(ascii: "\n")
        }
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
