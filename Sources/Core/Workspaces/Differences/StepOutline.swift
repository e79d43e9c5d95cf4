/// A step as it is written, on one line.
struct StepOutline: Equatable {
    /// How deep it is nested.
    var depth: Int
    /// `wait 2d`, `email offer`, `if score("engagement") > 50`; of a branch its name.
    var told: String
    /// The step's own name, where it has one.
    var name: String?
    /// Whether it only names a branch.
    var isLabel = false

    /// What kind of step it is: its first word.
    var kind: Substring { told.prefix { $0 != " " } }

    static func == (left: StepOutline, right: StepOutline) -> Bool {
        left.depth == right.depth && left.told == right.told && left.name == right.name
    }

    /// The steps of a list and of its branches, in the order in which they are written.
    static func read(_ node: YAMLNode, depth: Int = 0) -> [StepOutline] {
        (node.elements ?? []).flatMap { step($0, depth: depth) }
    }

    private static func step(_ node: YAMLNode, depth: Int) -> [StepOutline] {
        guard let members = node.members, let first = members.first else {
            return [StepOutline(depth: depth, told: node.flow)]
        }
        let blocks = members.filter { isBlock($0.value) }
        let others = members.dropFirst().filter {
            !isBlock($0.value) && $0.key != "step" && $0.value.elements?.isEmpty != true
        }
        let told =
            ([first].filter { !isBlock($0.value) }.map { "\($0.key) \($0.value.words)" }
            + others.map { "\($0.key) \($0.value.words)" }).joined(separator: ", ")
        let name =
            members.first { $0.key == "step" }?.value.text
            ?? members.first { ["email", "stream", "test", "site_message", "postcard"].contains($0.key) }?.value.text
        let head = StepOutline(depth: depth, told: told.isEmpty ? first.key : told, name: name)
        return [head] + blocks.flatMap { branch($0, depth: depth + 1) }
    }

    private static func branch(_ member: YAMLNode.Member, depth: Int) -> [StepOutline] {
        let label =
            ["then", "steps", "cases"].contains(member.key)
            ? [] : [StepOutline(depth: depth, told: member.key, isLabel: true)]
        if let cases = member.value.members { return label + cases.flatMap { branch($0, depth: depth) } }
        return label + read(member.value, depth: depth)
    }

    /// Whether a value is a list of steps, or names lists of steps.
    private static func isBlock(_ node: YAMLNode) -> Bool {
        if let members = node.members {
            return !members.isEmpty && members.allSatisfy { $0.value.elements != nil }
                && members.contains { isBlock($0.value) }
        }
        guard let elements = node.elements, !elements.isEmpty else { return false }
        return elements.allSatisfy { $0.members != nil || $0.text == "end" }
    }
}
