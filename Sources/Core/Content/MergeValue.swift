import Model
import Mustache

/// How much output a rendering may still give. Used within one synchronous rendering only.
final class RenderBudget {
    private var bytes: Int
    private(set) var isExceeded = false

    init(bytes: Int) { self.bytes = bytes }

    /// Takes `count` bytes, or, where fewer are left, marks the budget as exceeded and returns false.
    func take(_ count: Int) -> Bool {
        guard !isExceeded, count <= bytes else {
            isExceeded = true
            return false
        }
        bytes -= count
        return true
    }
}

/// A value as the template engine may see it: it answers for its members itself, so that nothing is reflected upon.
struct MergeValue: MustacheParent, MustacheCustomRenderable {
    private let json: JSON
    private let kind: Template.Kind
    private let budget: RenderBudget
    private let isURL: Bool

    init(_ json: JSON, _ kind: Template.Kind, _ budget: RenderBudget, isURL: Bool = false) {
        self.json = json
        self.kind = kind
        self.budget = budget
        self.isURL = isURL
    }

    /// The value in the shape that the engine distinguishes: lists are sequences.
    static func wrap(_ json: JSON, _ kind: Template.Kind, _ budget: RenderBudget) -> Any {
        if case .array(let elements) = json { return MergeList(elements, kind, budget, bytesPerElement: 0) }
        return MergeValue(json, kind, budget)
    }

    func child(named name: String) -> Any? {
        if name == MergeName.url { return MergeValue(json, kind, budget, isURL: true) }
        if name.hasPrefix(MergeName.section) { return self }
        return json[name].map { Self.wrap($0, kind, budget) }
    }

    /// What sections take for false: null, false and the empty text.
    var isNull: Bool { json == .null || json == .bool(false) || json == .string("") }

    var renderText: String {
        let text = escaped
        return budget.take(text.utf8.count) ? text : ""
    }

    private var escaped: String {
        let text = isURL ? MergeURL.safe(json.mergeText) : json.mergeText
        return switch kind {
        case .text: text
        case .html: HTMLText.escaped(text)
        case .line: text.oneLine
        }
    }
}

/// A list as the template engine may see it; each element that is rendered is paid for beforehand.
struct MergeList: MustacheSequence, MustacheParent, MustacheCustomRenderable {
    private let elements: [JSON]
    private let kind: Template.Kind
    private let budget: RenderBudget
    private let bytesPerElement: Int
    /// Paid for every element, so that empty sections within sections end too.
    private static let overhead = 32

    init(_ elements: [JSON], _ kind: Template.Kind, _ budget: RenderBudget, bytesPerElement: Int) {
        self.elements = elements
        self.kind = kind
        self.budget = budget
        self.bytesPerElement = bytesPerElement
    }

    func child(named name: String) -> Any? {
        guard name.hasPrefix(MergeName.section), let bytes = Int(name.dropFirst(MergeName.section.count)) else {
            return name == MergeName.url ? self : nil
        }
        return MergeList(elements, kind, budget, bytesPerElement: bytes)
    }

    /// A list has no text of its own.
    var renderText: String { "" }
    var isNull: Bool { elements.isEmpty }

    func makeIterator() -> AnyIterator<Any> {
        var iterator = elements.makeIterator()
        return AnyIterator {
            guard let element = iterator.next(), budget.take(bytesPerElement + Self.overhead) else { return nil }
            return MergeValue.wrap(element, kind, budget)
        }
    }
}

/// The components that the checker adds to names, by which values learn where they stand. No template can write them,
/// since a name's components do not begin with a hyphen.
enum MergeName {
    /// The value begins a URL.
    static let url = "-url"
    /// The value opens a section of so many literal bytes.
    static let section = "-section-"
}

extension JSON {
    /// The value as readers see it; lists and objects have no text.
    fileprivate var mergeText: String {
        switch self {
        case .null, .array, .object: ""
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .double(let value): Int64(exactly: value).map(String.init) ?? String(value)
        case .string(let value): value
        }
    }
}

extension String {
    /// White space and control characters of any length as one space each, none at the ends.
    fileprivate var oneLine: String {
        unicodeScalars.split { $0.properties.isWhitespace || $0.properties.generalCategory == .control }
            .map(String.init).joined(separator: " ")
    }
}

/// The addresses that a merge field may put into a link.
enum MergeURL {
    static let schemes = ["http", "https", "mailto", "tel"]
    static let list = "http, https, mailto and tel"

    /// `text` where it is relative or has a harmless scheme, else "#". Browsers skip spaces and controls in schemes.
    static func safe(_ text: String) -> String {
        let scheme = text.unicodeScalars.filter { $0.value > 0x20 }.prefix { !"/?#".unicodeScalars.contains($0) }
        guard let colon = scheme.firstIndex(of: ":") else { return text }
        let name = String(String.UnicodeScalarView(scheme[..<colon])).lowercased()
        return schemes.contains(name) ? text : "#"
    }
}
