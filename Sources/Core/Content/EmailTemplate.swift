public import Model

/// The templates of one e-mail, checked and compiled once: subject, text, and HTML where there is any.
public struct EmailTemplate: Sendable {
    public let subject: Template
    public let text: Template
    public let html: Template?

    /// Checks and compiles all parts; the error names the part, line and column of the first fault.
    public init(subject: String, text: String, html: String? = nil) throws(TemplateError) {
        self.subject = try Self.compile(subject, .line, .subject)
        self.text = try Self.compile(text, .text, .text)
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw TemplateError("every e-mail needs text", line: 1, column: 1, part: .text)
        }
        if let html { self.html = try Self.compile(html, .html, .html) } else { self.html = nil }
    }

    /// The names that the parts refer to, sorted, each once.
    public var mergeFields: [String] {
        Set(subject.mergeFields + text.mergeFields + (html?.mergeFields ?? [])).sorted()
    }

    /// The e-mail filled in. By convention the values are `contact` (attributes), `event` (the entry event), `links`
    /// (`links.unsubscribe`) and `message` (`message.id`).
    public func render(_ values: [String: JSON]) throws(TemplateError) -> RenderedEmail {
        RenderedEmail(
            subject: try Self.render(subject, values, .subject),
            text: try Self.render(text, values, .text),
            html: try html.map { html throws(TemplateError) in try Self.render(html, values, .html) })
    }

    private static func compile(
        _ source: String, _ kind: Template.Kind, _ part: EmailPart
    ) throws(TemplateError) -> Template {
        do {
            return try Template(source, as: kind)
        } catch {
            throw TemplateError(error.message, line: error.line, column: error.column, part: part)
        }
    }

    private static func render(
        _ template: Template, _ values: [String: JSON], _ part: EmailPart
    ) throws(TemplateError) -> String {
        do {
            return try template.render(values)
        } catch {
            throw TemplateError(error.message, line: error.line, column: error.column, part: part)
        }
    }
}

/// What an e-mail's templates gave for one contact.
public struct RenderedEmail: Sendable, Hashable {
    /// One line without control characters.
    public var subject: String
    public var text: String
    public var html: String?

    public init(subject: String, text: String, html: String? = nil) {
        self.subject = subject
        self.text = text
        self.html = html
    }
}
