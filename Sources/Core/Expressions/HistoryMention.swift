/// A place in an expression that asks about the past: `did("E")`, `run.count("E", "7d")`.
public struct HistoryMention: Sendable, Hashable {
    public var function: String
    public var event: String
    /// Whether it asks about the run's own time only.
    public var isOfRun: Bool
    /// 1-based, within the source.
    public var line: Int
    public var column: Int

    /// All of an expression, in the order in which they are written; none of what is no expression.
    public static func all(in source: String) -> [HistoryMention] {
        let text = SourceText(source)
        guard let tree = try? Parser.parse(text) else { return [] }
        return tree.nodes.compactMap { node -> (HistoryMention, Int)? in
            guard case .call(let function, let target, let arguments) = node.kind,
                HistoryQuery.Question(rawValue: function) != nil, let first = arguments.first,
                case .literal(.string(let event)) = tree[first].kind
            else { return nil }
            let position = text.position(of: tree[first].offset)
            let mention = HistoryMention(
                function: function, event: event, isOfRun: target != nil, line: position.line, column: position.column)
            return (mention, tree[first].offset)
        }.sorted { $0.1 < $1.1 }.map(\.0)
    }
}
