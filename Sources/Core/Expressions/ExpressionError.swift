/// Why an expression is refused before it ever runs: a fault of syntax, of type or of vocabulary.
public struct ExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in one clause, without the position.
    public var message: String
    /// 1-based line within the source text.
    public var line: Int
    /// 1-based column within the line, counted in Unicode scalars.
    public var column: Int
    /// How to put it right, where that is known.
    public var help: String?

    public init(message: String, line: Int, column: Int, help: String? = nil) {
        self.message = message
        self.line = line
        self.column = column
        self.help = help
    }

    /// `line:column: message (help)`.
    public var description: String {
        "\(line):\(column): \(message)" + (help.map { " (\($0))" } ?? "")
    }
}

/// The text of an expression as scalars: offsets into it become lines and columns only when something is wrong.
struct SourceText: Sendable {
    let scalars: [Unicode.Scalar]

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    func error(_ message: String, at offset: Int, help: String? = nil) -> ExpressionError {
        let position = position(of: offset)
        return ExpressionError(message: message, line: position.line, column: position.column, help: help)
    }

    /// Lines end at LF, CR or CR LF.
    func position(of offset: Int) -> (line: Int, column: Int) {
        var line = 1
        var start = 0
        for index in 0..<min(offset, scalars.count) {
            let next = index + 1 < scalars.count ? scalars[index + 1] : " "
            guard scalars[index] == "\n" || scalars[index] == "\r" && next != "\n" else { continue }
            line += 1
            start = index + 1
        }
        return (line, offset - start + 1)
    }
}
