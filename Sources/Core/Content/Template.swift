public import Model

/// A Mustache template, checked and compiled once.
///
/// Checked means: at most 64 KB, and 256 KB with all that it refers to; sections nested at most 16 deep and partials at most
/// 8, none in itself; and no triple mustaches, `&`, parents, pragmas, delimiter changes, transforms or lambdas. In HTML no
/// merge field stands where escaping does not protect: in scripts, styles, event attributes, or inside a tag outside quotes;
/// and one that begins a link's URL gives only http, https, mailto and tel addresses. Rendering sees nothing but the given
/// values. Beyond Mustache a merge field may say what stands in its place where it has no text:
/// `{{contact.first_name | "there"}}`.
public struct Template: Sendable {
    /// What the output is for, which decides how values are escaped.
    public enum Kind: Sendable, Hashable {
        /// Values enter as they are.
        case text
        /// Values are escaped for HTML.
        case html
        /// One line: white space and control characters in values become single spaces.
        case line
    }

    public let kind: Kind
    /// The names of values that the template refers to, sorted, each once; names in sections as they are written.
    public let mergeFields: [String]
    /// The names of the partials and blocks that it shows, itself or by way of others.
    public let included: Set<String>
    private let nodes: [TemplateNode]
    private let literalBytes: Int

    /// The most bytes that a template may have.
    public static let sourceLimit = 64 * 1024
    /// The most bytes that rendering may give.
    public static let outputLimit = 512 * 1024

    /// Checks and compiles `source`.
    public init(_ source: String, as kind: Kind, with parts: TemplateParts = TemplateParts()) throws(TemplateError) {
        try self.init(TemplateSource(source), as: kind, with: parts)
    }

    /// The same of a text whose faults name its file.
    public init(
        _ source: TemplateSource, as kind: Kind, with parts: TemplateParts = TemplateParts()
    ) throws(TemplateError) {
        var parser = TemplateParser(source, kind, parts)
        nodes = try parser.parse()
        self.kind = kind
        mergeFields = parser.names.sorted()
        included = parser.included
        literalBytes = nodes.reduce(0) { if case .literal(let bytes) = $1 { $0 + bytes.count } else { $0 } }
    }

    /// The template filled in with `values`; a name without a value renders as its fallback, or nothing.
    ///
    /// Throws where the output would be larger than `outputLimit`.
    ///
    /// - Parameters:
    ///   - choices: of blocks the variants that are shown.
    ///   - inserts: what is put in as it is, escaped already.
    public func render(
        _ values: [String: JSON], choices: [String: String] = [:], inserts: [String: String] = [:]
    ) throws(TemplateError) -> String {
        var rendering = TemplateRendering(
            values, kind, choices: choices, inserts: inserts, capacity: literalBytes + literalBytes / 4)
        try rendering.write(nodes)
        return String(decoding: rendering.output, as: UTF8.self)
    }
}
