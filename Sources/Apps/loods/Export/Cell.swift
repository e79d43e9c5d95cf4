import Model

/// What stands in one column of a table: text as it is, everything else as JSON.
///
/// A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a formula, and runs it. Such
/// cells get an apostrophe in front, and so do those that begin with an apostrophe; an import takes it away again.
enum Cell {
    private static let risky: Set<Character> = ["=", "+", "-", "@", "\t", "\r", "\r\n", "'"]

    /// A cell that no spreadsheet runs.
    static func guarded(_ text: String) -> String { text.first.map(risky.contains) ?? false ? "'" + text : text }

    /// The text of a cell that may be guarded.
    static func unguarded(_ text: String) -> String {
        guard text.first == "'", let next = text.dropFirst().first, risky.contains(next) else { return text }
        return String(text.dropFirst())
    }

    /// A value as the text of a cell; `read` is its inverse. Nothing for what is not there.
    static func text(of value: JSON?) -> String {
        guard let value else { return "" }
        if case .string(let text) = value, isPlain(text) { return text }
        return String(decoding: value.serialized, as: UTF8.self)
    }

    /// What the text of a cell says: JSON where it is that, else itself. Nil for an empty one.
    static func read(_ text: String) -> JSON? {
        if text.isEmpty { return nil }
        return (try? JSON(parsing: Array(text.utf8))) ?? .string(text)
    }

    /// Whether a text read back is itself.
    private static func isPlain(_ text: String) -> Bool { read(text) == .string(text) && !text.hasPrefix("\"") }

    /// A line of RFC 4180.
    static func line(_ cells: [String]) -> String {
        cells.map { cell in
            let cell = guarded(cell)
            let needsQuotes =
                cell.unicodeScalars.contains { ",\"\n\r".unicodeScalars.contains($0) }
                || cell.first == " " || cell.last == " "
            return needsQuotes ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell
        }.joined(separator: ",") + "\n"
    }
}
