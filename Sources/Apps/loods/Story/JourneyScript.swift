import Model
import Yams

/// A journey's file, asked for what a step says.
struct JourneyScript: Sendable {
    /// How long after the start of a run its goal counts; nil where that ends with the last step.
    let goalWithin: Span?
    private let text: String

    init(_ text: String, goalWithin: Span?) {
        self.text = text
        self.goalWithin = goalWithin
    }

    /// What a run waits for at a step: `2d`, `09:00 on workdays`, `Docs Viewed`. Nil for steps that wait for nothing.
    ///
    /// - Parameter step: as decisions and states name it: `wait 2`, `wait_for 3.then.1`.
    func wait(at step: String) -> String? {
        let parts = step.split(separator: " ")
        guard parts.count == 2, let node = node(at: parts[1]) else { return nil }
        if parts[0] == "wait_for" { return node["wait_for"].flatMap(awaited) }
        guard let wait = node["wait"] else { return nil }
        if let span = wait.string { return span }
        guard let until = wait["until"]?.string else { return nil }
        let days = wait["days"].map { $0.string ?? $0.array().compactMap(\.string).joined(separator: ", ") }
        return until + (days.map { " on \($0)" } ?? "")
    }

    /// `Docs Viewed or stage == "do"`.
    private func awaited(_ node: Node) -> String? {
        let any = node["any"]?.array() ?? [node]
        let names = any.compactMap { ($0["event"] ?? $0["when"])?.string }
        return names.isEmpty ? nil : names.joined(separator: " or ")
    }

    private func node(at path: Substring) -> Node? {
        guard let root = try? Yams.compose(yaml: text) else { return nil }
        var node: Node? = root["steps"]
        for part in path.split(separator: ".") {
            if let number = Int(part) {
                // The cases of a switch are counted, since their values may be any text.
                let elements = node?.mapping.map { $0.map(\.value) } ?? node?.array() ?? []
                node = elements.indices.contains(number - 1) ? elements[number - 1] : nil
            } else {
                node = node?[String(part)]
            }
        }
        return node
    }
}
