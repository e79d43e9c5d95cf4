import Expressions
import Model

/// Reads one file's definitions and collects what is wrong with them; nothing stops at the first fault.
final class Inspection {
    let file: YAMLFile
    private(set) var findings: [Finding] = []

    init(_ file: YAMLFile) { self.file = file }

    func report(
        _ code: Finding.Code, _ message: String, at place: YAMLNode.Place, help: String? = nil,
        in otherFile: String? = nil, severity: Finding.Severity = .error
    ) {
        findings.append(
            Finding(
                file: otherFile ?? file.name, line: place.line, column: place.column, severity: severity, code: code,
                message: message, help: help))
    }

    // MARK: Values

    /// Text that is not empty; anything else is reported.
    func text(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = node.text else {
            report(.invalid, "\(what) must be text, not \(node.kind)", at: node.place)
            return nil
        }
        guard text.contains(where: { !$0.isWhitespace }) else {
            report(.invalid, "\(what) is empty", at: node.place)
            return nil
        }
        return text
    }

    /// A name that other definitions refer to.
    func name(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = text(node, what) else { return nil }
        guard text.utf8.count <= 64, let first = text.utf8.first, first.isLetterOrDigit,
            text.utf8.allSatisfy({ $0.isLetterOrDigit || "-_.".utf8.contains($0) })
        else {
            report(
                .invalid, "\(what) \"\(text)\" is not a name", at: node.place,
                help: "letters, digits, '-', '_' and '.', 64 at most, a letter or digit first")
            return nil
        }
        return text
    }

    /// The name of an event.
    func event(_ node: YAMLNode) -> String? {
        guard let text = text(node, "an event's name") else { return nil }
        guard text.utf8.count <= 200 else {
            report(.invalid, "an event's name has at most 200 bytes", at: node.place)
            return nil
        }
        return text
    }

    /// One of the names that exist.
    func reference(_ node: YAMLNode, _ what: String, among known: [String], called plural: String) -> String? {
        guard let text = text(node, "a \(what)") else { return nil }
        guard known.contains(text) else {
            report(
                .unknownName, "unknown \(what) \"\(text)\"", at: node.place,
                help: NearMiss.help(for: text, among: known, called: plural))
            return nil
        }
        return text
    }

    /// A length of time greater than zero.
    func span(_ node: YAMLNode, _ what: String) -> Span? {
        guard let text = node.text, let span = Span(text), span > .zero else {
            report(
                .invalid, "\(what) must be a length of time", at: node.place, help: "such as 2d, 36h, 1d12h or 90m")
            return nil
        }
        return span
    }

    /// A language tag; one that is none, or that is written otherwise than usual, is reported.
    func language(_ node: YAMLNode, _ what: String) -> LanguageTag? {
        text(node, what).flatMap { language($0, what, at: node.place) }
    }

    func language(_ text: String, _ what: String, at place: YAMLNode.Place, in file: String? = nil) -> LanguageTag? {
        guard let tag = LanguageTag(text) else {
            report(
                .unknownName, "\(what) \"\(text)\" is no language", at: place, help: "such as en, nl or nl-BE", in: file
            )
            return nil
        }
        guard tag.description == text else {
            report(.invalid, "\(what) \"\(text)\" is written \"\(tag)\"", at: place, in: file)
            return nil
        }
        return tag
    }

    func flag(_ node: YAMLNode, _ what: String) -> Bool? {
        switch node.text {
        case "true": return true
        case "false": return false
        default:
            report(.invalid, "\(what) is true or false", at: node.place)
            return nil
        }
    }

    /// A condition or key in CEL, its faults placed where they stand in the file.
    func expression(
        _ node: YAMLNode, scope: Scope, expecting: ValueType = .bool, _ vocabulary: Vocabulary
    ) -> Expression? {
        guard let source = text(node, "a condition") else { return nil }
        do {
            return try Expression(source, scope: scope, expecting: expecting, vocabulary: vocabulary)
        } catch {
            let place = file.place(line: error.line, column: error.column, in: node)
            report(.expression, error.message, at: place, help: error.help)
            return nil
        }
    }
}

extension UInt8 {
    var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
