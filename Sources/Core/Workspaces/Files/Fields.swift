/// The members of a mapping by key; keys that are not read are reported when it is opened.
struct Fields {
    let node: YAMLNode
    private let what: String
    private let members: [String: YAMLNode]
    private let inspection: Inspection

    /// Returns nil, and reports it, for what is no mapping.
    init?(_ node: YAMLNode, of what: String, keys: [String], in inspection: Inspection) {
        guard let members = node.members else {
            inspection.report(
                .invalid, "\(what) must be a mapping, not \(node.kind)", at: node.place,
                help: "its keys are " + keys.joined(separator: ", "))
            return nil
        }
        self.node = node
        self.what = what
        self.inspection = inspection
        self.members = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
        for member in members where !keys.contains(member.key) {
            inspection.report(
                .unknownKey, "unknown key \"\(member.key)\" in \(what)", at: member.keyPlace,
                help: NearMiss.help(for: member.key, among: keys, called: "keys"))
        }
    }

    /// The value of a key that may be missing.
    subscript(key: String) -> YAMLNode? { members[key] }

    /// The value of a key that must be there; its absence is reported.
    func required(_ key: String, help: String? = nil) -> YAMLNode? {
        if let value = members[key] { return value }
        inspection.report(.missing, "\(what) has no \"\(key)\"", at: node.place, help: help)
        return nil
    }

    /// The one of several keys that is there, with its value. That there is none, or a second one, is reported.
    func one(of keys: [String]) -> (key: String, value: YAMLNode)? {
        let given = (node.members ?? []).filter { keys.contains($0.key) }
        guard let first = given.first else {
            inspection.report(.missing, "\(what) is one of " + keys.joined(separator: ", "), at: node.place)
            return nil
        }
        guard given.count == 1 else {
            inspection.report(
                .invalid, "\(what) is one thing: \"\(given[1].key)\" stands beside \"\(first.key)\"",
                at: given[1].keyPlace, help: "write the second as one of its own")
            return nil
        }
        return (first.key, first.value)
    }

    /// The elements of a list; nil where the key is missing. What is no list is reported.
    func list(_ key: String) -> [YAMLNode]? {
        guard let value = members[key] else { return nil }
        guard let elements = value.elements else {
            inspection.report(.invalid, "\"\(key)\" must be a list, not \(value.kind)", at: value.place)
            return nil
        }
        return elements
    }
}
