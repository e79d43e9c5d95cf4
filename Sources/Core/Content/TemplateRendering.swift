import Model

/// One rendering of a template.
struct TemplateRendering {
    private(set) var output: [UInt8] = []
    private let kind: Template.Kind
    private let choices: [String: String]
    private let inserts: [String: String]
    /// The values at hand, the innermost last.
    private var values: [JSON]
    /// What repeating has cost besides the output, so that empty sections within sections end too.
    private var spent = 0
    private static let costOfElement = 32

    init(
        _ values: [String: JSON], _ kind: Template.Kind, choices: [String: String], inserts: [String: String],
        capacity: Int
    ) {
        self.inserts = inserts
        self.kind = kind
        self.choices = choices
        self.values = [.object(values)]
        output.reserveCapacity(capacity)
    }

    mutating func write(_ nodes: [TemplateNode]) throws(TemplateError) {
        for node in nodes {
            switch node {
            case .literal(let bytes): output += bytes
            case .field(let field): write(field)
            case .section(let path, let isInverted, let nodes): try write(nodes, for: value(path), isInverted)
            case .insert(let name): output += (inserts[name] ?? "").utf8
            case .block(let name, let fallback, let variants):
                try write(choices[name].flatMap { variants[$0] } ?? variants[fallback] ?? [])
            }
            guard output.count + spent <= Template.outputLimit else {
                throw TemplateError("the output would exceed \(Template.outputLimit / 1024) KB")
            }
        }
    }

    private mutating func write(_ nodes: [TemplateNode], for value: JSON?, _ isInverted: Bool) throws(TemplateError) {
        if isInverted {
            if value?.isThere != true { try write(nodes) }
            return
        }
        guard let value, value.isThere else { return }
        guard case .array(let elements) = value else { return try write(nodes, within: value) }
        for element in elements {
            spent += Self.costOfElement
            try write(nodes, within: element)
        }
    }

    private mutating func write(_ nodes: [TemplateNode], within value: JSON) throws(TemplateError) {
        guard output.count + spent <= Template.outputLimit else {
            throw TemplateError("the output would exceed \(Template.outputLimit / 1024) KB")
        }
        values.append(value)
        defer { values.removeLast() }
        try write(nodes)
    }

    private func value(_ path: FieldPath) -> JSON? {
        guard let first = path.first else { return values.last }
        for place in values.indices.reversed() {
            guard case .object(let members) = values[place], var value = members[first] else { continue }
            for name in path.rest {
                guard case .object(let members) = value, let member = members[name] else { return nil }
                value = member
            }
            return value
        }
        return nil
    }

    private mutating func write(_ field: MergeField) {
        guard let text = value(field.path)?.mergeText, !text.isEmpty else { return output += field.fallback }
        let shown = field.beginsURL ? MergeURL.safe(text) : text
        switch kind {
        case .text: output += shown.utf8
        case .html: HTMLText.append(shown, to: &output)
        case .line: output += shown.oneLine.utf8
        }
    }
}

extension JSON {
    /// What sections take for true: all but null, false, and empty texts and lists.
    fileprivate var isThere: Bool {
        switch self {
        case .null, .bool(false), .string(""): false
        case .array(let elements): !elements.isEmpty
        default: true
        }
    }
}
