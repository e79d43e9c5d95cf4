/// A fault in a template, or in rendering it.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Which of an e-mail's templates is at fault; nil for a template on its own.
    public var part: EmailPart?
    public var message: String
    /// Line and column of the fault, from 1; nil where it has no one place (rendering).
    public var line: Int?
    public var column: Int?
    /// The file of what a template refers to, where the fault is there; nil for the template itself.
    public var file: String?

    public init(
        _ message: String, line: Int? = nil, column: Int? = nil, part: EmailPart? = nil, file: String? = nil
    ) {
        self.part = part
        self.file = file
        self.message = message
        self.line = line
        self.column = column
    }

    public var description: String {
        let place = line.map { line in " at line \(line)\(column.map { ", column \($0)" } ?? "")" } ?? ""
        return "\(part.map { "\($0.rawValue): " } ?? "")\(file.map { "\($0): " } ?? "")\(message)\(place)"
    }
}

/// The templates that make an e-mail.
public enum EmailPart: String, Sendable, Hashable, CaseIterable {
    case subject
    case text
    case html
}
