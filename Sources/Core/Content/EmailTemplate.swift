public import Model

/// The templates of one e-mail, checked and compiled once: subject, and text or HTML or both.
public struct EmailTemplate: Sendable {
    /// What the bodies may refer to.
    public struct Parts: Sendable, Hashable {
        public var text: TemplateParts
        public var html: TemplateParts

        public init(text: TemplateParts = TemplateParts(), html: TemplateParts = TemplateParts()) {
            self.text = text
            self.html = html
        }
    }

    /// What is put into the bodies as it is.
    public struct Inserts: Sendable, Hashable {
        public var text: [String: String]
        /// Escaped already.
        public var html: [String: String]

        public init(text: [String: String] = [:], html: [String: String] = [:]) {
            self.text = text
            self.html = html
        }
    }

    public let subject: Template
    /// Nil where none is written: then it is made of the HTML.
    public let text: Template?
    public let html: Template?

    /// Checks and compiles all parts; the error names the part, line and column of the first fault.
    public init(
        subject: String, text: String?, html: String? = nil, with parts: Parts = Parts()
    ) throws(TemplateError) {
        self.subject = try Self.compile(subject, .line, .subject, TemplateParts())
        if let text { self.text = try Self.compile(text, .text, .text, parts.text) } else { self.text = nil }
        if let html { self.html = try Self.compile(html, .html, .html, parts.html) } else { self.html = nil }
        guard html != nil || text?.contains(where: { !$0.isWhitespace }) == true else {
            throw TemplateError("every e-mail needs text", line: 1, column: 1, part: .text)
        }
    }

    /// The names that the parts refer to, sorted, each once.
    public var mergeFields: [String] {
        Set(subject.mergeFields + (text?.mergeFields ?? []) + (html?.mergeFields ?? [])).sorted()
    }

    /// The partials and blocks that the parts show.
    public var included: Set<String> { (text?.included ?? []).union(html?.included ?? []) }

    /// The e-mail filled in. By convention the values are `contact` (attributes), `event` (the entry event), `links`
    /// (`links.unsubscribe`) and `message` (`message.id`); bodies see the subject as `message.subject`.
    ///
    /// - Parameters:
    ///   - choices: of blocks the variants that are shown.
    ///   - inserts: what is put in as it is, by part.
    public func render(
        _ values: [String: JSON], choices: [String: String] = [:], inserts: Inserts = Inserts()
    ) throws(TemplateError) -> RenderedEmail {
        let subject = try Self.render(subject, values, .subject)
        var values = values
        values["message"] = .object((values["message"]?.object ?? [:]).merging(["subject": .string(subject)]) { $1 })
        let html = try html.map { html throws(TemplateError) in
            try Self.render(html, values, .html, choices, inserts.html)
        }
        let text = try text.map { text throws(TemplateError) in
            try Self.render(text, values, .text, choices, inserts.text)
        }
        return RenderedEmail(
            subject: subject, text: text ?? html.map { PlainText.of(html: $0) } ?? "", html: html)
    }

    private static func compile(
        _ source: String, _ kind: Template.Kind, _ part: EmailPart, _ parts: TemplateParts
    ) throws(TemplateError) -> Template {
        do {
            return try Template(source, as: kind, with: parts)
        } catch {
            var fault = error
            fault.part = part
            throw fault
        }
    }

    private static func render(
        _ template: Template, _ values: [String: JSON], _ part: EmailPart, _ choices: [String: String] = [:],
        _ inserts: [String: String] = [:]
    ) throws(TemplateError) -> String {
        do {
            return try template.render(values, choices: choices, inserts: inserts)
        } catch {
            var fault = error
            fault.part = part
            throw fault
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
