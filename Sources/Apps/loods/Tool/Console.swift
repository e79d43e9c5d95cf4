import Foundation
import Model

/// What the command says: results on standard output, everything else on standard error.
enum Console {
    private static let isPlain =
        ProcessInfo.processInfo.environment["NO_COLOR"]?.isEmpty == false
        || ProcessInfo.processInfo.environment["TERM"] == "dumb"

    /// Whether results go to somebody who looks at them.
    static let isTerminal = isatty(STDOUT_FILENO) == 1
    /// Whether a line on standard error can be overwritten.
    static let showsProgress = isatty(STDERR_FILENO) == 1 && !isPlain
    /// Whether somebody is there to answer a question.
    static let canAsk = isatty(STDIN_FILENO) == 1 && isTerminal

    static func note(_ line: String) { write(line + "\n") }

    /// Replaces the line on which the cursor stands.
    static func overwrite(_ line: String) { write("\r\u{1B}[2K" + line) }

    static func show(_ json: JSON) { print(String(decoding: json.serialized, as: UTF8.self)) }

    static func bold(_ text: String) -> String { styled(text, "1") }
    static func dim(_ text: String) -> String { styled(text, "2") }

    /// A text from outside as a terminal may be given it: on one line, with control characters in Swift's notation.
    static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { safe, scalar in
            if isControl(scalar) {
                safe += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                safe.unicodeScalars.append(scalar)
            }
        }
    }

    /// Also what turns the direction of writing, and breaks lines.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
        default: false
        }
    }

    private static func styled(_ text: String, _ style: String) -> String {
        isTerminal && !isPlain ? "\u{1B}[\(style)m\(text)\u{1B}[0m" : text
    }

    private static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}

extension BinaryInteger {
    /// `12480` as `12,480`.
    var grouped: String {
        let digits = String(magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return self < 0 ? "-" + text : text
    }

    /// `1 event`, `2 events`.
    func counted(_ singular: String, _ plural: String? = nil) -> String {
        "\(grouped) \(self == 1 ? singular : plural ?? singular + "s")"
    }
}

extension String {
    /// Filled up with spaces on the right.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }

    /// Filled up with spaces on the left.
    func leading(to width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }
}
