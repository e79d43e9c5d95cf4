extension YAMLNode {
    /// The node on one line, as YAML's flow style has it: what two revisions of a definition are compared by. Equal for what
    /// only indentation, quotes and remarks tell apart.
    var flow: String {
        switch content {
        case .scalar(let text, _):
            text.isEmpty ? "\"\"" : text.split(whereSeparator: \.isNewline).joined(separator: " ")
        case .sequence(let elements): "[" + elements.map(\.flow).joined(separator: ", ") + "]"
        case .mapping(let members): "{" + members.map { "\($0.key): \($0.value.flow)" }.joined(separator: ", ") + "}"
        }
    }

    /// The same without the outermost braces: `until 09:00, days workdays`.
    var words: String {
        guard let members else { return flow }
        return members.map { "\($0.key) \($0.value.flow)" }.joined(separator: ", ")
    }
}
