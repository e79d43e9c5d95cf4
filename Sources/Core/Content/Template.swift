public import Model
import Mustache

/// A Mustache template, checked and compiled once.
///
/// Checked means: at most 64 KB, sections nested at most 16 deep, and no triple mustaches, `&`, partials, blocks,
/// pragmas, delimiter changes, transforms or lambdas. In HTML no merge field stands where escaping does not protect: in scripts,
/// styles, event attributes, or inside a tag outside quotes; and one that begins a link's URL gives only http, https,
/// mailto and tel addresses. Rendering sees nothing but the given values: no reflection.
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
    /// The names the template refers to, sorted, each once; names in sections as they are written.
    public let mergeFields: [String]
    private let compiled: MustacheTemplate
    private let literalBytes: Int

    /// The most bytes that a template may have.
    public static let sourceLimit = 64 * 1024
    /// The most bytes that rendering may give.
    public static let outputLimit = 512 * 1024

    /// Checks and compiles `source`.
    public init(_ source: String, as kind: Kind) throws(TemplateError) {
        var checker = try TemplateChecker(source, kind)
        try checker.check()
        self.kind = kind
        mergeFields = checker.names.sorted()
        literalBytes = source.utf8.count
        do {
            // The library escapes by Character, so a quote followed by a combining mark would slip through; values are
            // escaped here instead, and its own escaping is turned off (a standalone line, it leaves no trace).
            compiled = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}\n" + checker.output)
        } catch let error as MustacheTemplate.ParserError {
            throw TemplateError("the template cannot be read", line: max(1, error.context.lineNumber - 1))
        } catch {
            throw TemplateError("the template cannot be read")
        }
    }

    /// The template filled in with `values`; a name without a value renders as nothing.
    ///
    /// Throws where the output would be larger than `outputLimit`.
    public func render(_ values: [String: JSON]) throws(TemplateError) -> String {
        let budget = RenderBudget(bytes: Self.outputLimit - literalBytes)
        let output = compiled.render(MergeValue(.object(values), kind, budget))
        guard !budget.isExceeded, output.utf8.count <= Self.outputLimit else {
            throw TemplateError("the output would exceed \(Self.outputLimit / 1024) KB")
        }
        return output
    }
}
