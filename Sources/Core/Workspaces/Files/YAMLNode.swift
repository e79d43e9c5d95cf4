import Model

/// A part of a YAML file with its place: what definitions are read from.
struct YAMLNode {
    struct Place: Hashable {
        var line: Int
        var column: Int

        static let start = Place(line: 1, column: 1)
    }

    enum Style {
        case plain, singleQuoted, doubleQuoted, literal, folded
    }

    struct Member {
        var key: String
        var keyPlace: Place
        var value: YAMLNode
    }

    enum Content {
        case scalar(String, Style)
        case sequence([YAMLNode])
        case mapping([Member])
    }

    var place: Place
    var content: Content

    /// The text of a scalar; nil for YAML's null (`~`, `null`, nothing) and for what is no scalar.
    var text: String? {
        guard case .scalar(let text, let style) = content else { return nil }
        return style == .plain && ["", "~", "null", "Null", "NULL"].contains(text) ? nil : text
    }

    var isNull: Bool {
        if case .scalar = content { text == nil } else { false }
    }

    var elements: [YAMLNode]? {
        if case .sequence(let elements) = content { elements } else { nil }
    }

    var members: [Member]? {
        if case .mapping(let members) = content { members } else { nil }
    }

    /// The value: what is written plain is a number, a truth value or null where JSON reads it so, and text otherwise, such
    /// as `01234` and `+3161`.
    var json: JSON {
        switch content {
        case .scalar(let text, let style):
            guard style == .plain else { return .string(text) }
            if isNull { return .null }
            if let parsed = try? JSON(parsing: Array(text.utf8)), parsed.string == nil { return parsed }
            return .string(text)
        case .sequence(let elements): return .array(elements.map(\.json))
        case .mapping(let members):
            return .object(Dictionary(members.map { ($0.key, $0.value.json) }) { first, _ in first })
        }
    }

    /// What it is, in messages.
    var kind: String {
        switch content {
        case .scalar: isNull ? "nothing" : "text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
