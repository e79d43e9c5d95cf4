/// Text of a template with the file that it stands in.
public struct TemplateSource: Sendable, Hashable {
    /// As faults name it; nil for the template that is read itself.
    public var file: String?
    public var text: String

    public init(_ text: String, file: String? = nil) {
        self.text = text
        self.file = file
    }
}

/// A place of a template that shows one of several texts, as was chosen for the contact.
public struct TemplateBlock: Sendable, Hashable {
    /// By their names.
    public var variants: [String: TemplateSource]
    /// The variant that is shown where none was chosen, or one that is not there; one without text shows nothing.
    public var fallback: String

    public init(variants: [String: TemplateSource], fallback: String) {
        self.variants = variants
        self.fallback = fallback
    }
}

/// What a template may refer to by `{{> NAME}}`.
public struct TemplateParts: Sendable, Hashable {
    /// What stands around the template, which it shows as `{{> body}}`.
    public var layout: TemplateSource?
    /// Texts that stand in several templates.
    public var partials: [String: TemplateSource]
    /// They stand in text, never inside a tag.
    public var blocks: [String: TemplateBlock]
    /// What whoever renders puts in, as it is; it stands in text, too.
    public var inserts: Set<String>

    public init(
        layout: TemplateSource? = nil, partials: [String: TemplateSource] = [:], blocks: [String: TemplateBlock] = [:],
        inserts: Set<String> = []
    ) {
        self.inserts = inserts
        self.layout = layout
        self.partials = partials
        self.blocks = blocks
    }

    /// The name by which a layout shows what it stands around.
    public static let body = "body"
    /// The variant of a block that shows nothing.
    public static let nothing = "none"
}
