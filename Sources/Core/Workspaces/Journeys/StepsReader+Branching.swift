import Expressions
import JourneyProgram
import Model

extension StepsReader {
    func branch(_ node: YAMLNode, depth: Int) -> Step? {
        guard let fields = Fields(node, of: "an if", keys: ["if", "then", "elif", "else"], in: inspection),
            let condition = fields["if"]
        else { return nil }
        if fields["then"] == nil, fields["else"] == nil, fields["elif"] == nil {
            inspection.report(.missing, "an if needs \"then\" or \"else\"", at: node.place)
        }
        let branches = self.branches(fields, depth: depth)
        let others = (fields.list("elif") ?? []).map { elif($0, depth: depth) }
        guard let condition = expression(condition) else { return nil }
        return .choose(
            [Step.Arm(when: condition, steps: branches.then)] + others.compactMap(\.self),
            otherwise: branches.otherwise)
    }

    private func elif(_ node: YAMLNode, depth: Int) -> Step.Arm? {
        guard let fields = Fields(node, of: "an elif", keys: ["if", "then"], in: inspection) else { return nil }
        let steps = fields.required("then").map { block($0, "\"then\"", depth: depth + 1) } ?? []
        let when = fields.required("if", help: "its condition")
            .flatMap { expression($0) }
        return when.map { Step.Arm(when: $0, steps: steps) }
    }

    func branches(_ fields: Fields, depth: Int) -> (then: [Step], otherwise: [Step]) {
        let then = fields["then"].map { block($0, "\"then\"", depth: depth + 1) } ?? []
        let otherwise = fields["else"].map { block($0, "\"else\"", depth: depth + 1) } ?? []
        return (then, otherwise)
    }

    // MARK: By value

    func select(_ node: YAMLNode, depth: Int) -> Step? {
        guard let fields = Fields(node, of: "a switch", keys: ["switch", "cases", "else"], in: inspection),
            let switched = fields["switch"]
        else { return nil }
        let value = expression(switched, expecting: .dyn)
        let otherwise = fields["else"].map { block($0, "\"else\"", depth: depth + 1) } ?? []
        guard let node = fields.required("cases", help: "such as cases: {pro: [{email: hello}]}") else { return nil }
        guard let members = node.members, !members.isEmpty else {
            inspection.report(
                .invalid, "\"cases\" must be a mapping from values to steps", at: node.place,
                help: "such as cases: {pro: [{email: hello}]}")
            return nil
        }
        let cases = members.map { member in
            if let value { check(member, of: value) }
            return Step.Case(
                value: member.key, steps: block(member.value, "the case \"\(member.key)\"", depth: depth + 1))
        }
        return value.map { .select($0, cases: cases, otherwise: otherwise) }
    }

    /// Reports a case that the value can never be.
    private func check(_ member: YAMLNode.Member, of value: Expression) {
        switch value.type {
        case .bool where !["true", "false"].contains(member.key):
            inspection.report(
                .unreachable, "the value is true or false, never \"\(member.key)\"", at: member.keyPlace)
        case .int where Int64(member.key) == nil, .uint where UInt64(member.key) == nil:
            inspection.report(.unreachable, "the value is a number, never \"\(member.key)\"", at: member.keyPlace)
        case .list, .map, .null:
            inspection.report(
                .unreachable, "a value of this kind fits no case", at: member.keyPlace,
                help: "a case is a text, a number, true or false")
        case .string:
            let name = String(decoding: JSON.string(member.key).serialized, as: UTF8.self)
            do {
                _ = try Expression("\(value.source) == \(name)", scope: .run, vocabulary: names.vocabulary)
            } catch {
                inspection.report(.unknownName, error.message, at: member.keyPlace, help: error.help)
            }
        default: break
        }
    }

    // MARK: By chance

    private static let holdOut = "holdout"
    private static let weightLimit = 1_000_000

    func split(_ node: YAMLNode, depth: Int) -> Step? {
        guard let split = node.members?.first(where: { $0.key == "split" })?.value,
            let inner = Fields(split, of: "a split", keys: ["share"], in: inspection),
            let share = inner.required("share", help: "such as share: {a: 50, b: 50}")
        else { return nil }
        guard let members = share.members, members.count > 1 else {
            inspection.report(
                .invalid, "\"share\" must be a mapping from two or more names to weights", at: share.place,
                help: "such as {a: 50, b: 50}")
            return nil
        }
        guard let fields = Fields(node, of: "a split", keys: ["split", "step"] + members.map(\.key), in: inspection)
        else { return nil }
        let name = fields["step"].map { splitName($0) }
        let shares = members.map { self.share($0, fields, depth: depth) }
        if let name, name == nil { return nil }
        return shares.contains { $0 == nil } ? nil : .split(name: name ?? nil, shares.compactMap(\.self))
    }

    private func splitName(_ node: YAMLNode) -> String? {
        guard let name = inspection.name(node, "a step's name"), isBranchName(name, at: node.place) else { return nil }
        guard splitNames.insert(name).inserted else {
            inspection.report(
                .duplicate, "a split named \"\(name)\" stands in this journey already", at: node.place)
            return nil
        }
        return name
    }

    private func share(_ member: YAMLNode.Member, _ fields: Fields, depth: Int) -> Step.Share? {
        let weight = member.value.text.flatMap { Int($0) }.flatMap { (1...Self.weightLimit).contains($0) ? $0 : nil }
        if weight == nil {
            inspection.report(
                .invalid, "a weight is a whole number from 1 to \(Self.weightLimit)", at: member.value.place)
        }
        guard isBranchName(member.key, at: member.keyPlace) else { return nil }
        let steps = fields[member.key].map { block($0, "\"\(member.key)\"", depth: depth + 1) }
        if steps == nil, member.key != Self.holdOut {
            inspection.report(
                .missing, "the split has no branch \"\(member.key)\"", at: member.keyPlace,
                help: "write its steps as \(member.key): […]; only holdout needs none")
        }
        return weight.map { Step.Share(name: member.key, weight: $0, steps: steps ?? []) }
    }

    /// A name that can stand in the path of a step.
    private func isBranchName(_ name: String, at place: YAMLNode.Place) -> Bool {
        let isName =
            name.utf8.count <= 64 && name.first?.isLetter == true
            && name.utf8.allSatisfy { Character(Unicode.Scalar($0)).isNameLetter }
        if ["split", "step"].contains(name) || !isName {
            inspection.report(
                .invalid, "a branch cannot be named \"\(name)\"", at: place,
                help: "letters, digits, '-' and '_', 64 at most, a letter first; not split or step")
            return false
        }
        return true
    }

    // MARK: Again and again

    private static let passLimit = 100

    func loop(_ node: YAMLNode, depth: Int) -> Step? {
        guard let fields = Fields(node, of: "a repeat", keys: ["repeat", "steps"], in: inspection),
            let how = fields["repeat"],
            let bounds = Fields(how, of: "a repeat", keys: ["times", "until"], in: inspection)
        else { return nil }
        let times = bounds.required("times", help: "how often at most, such as 3").flatMap { self.times($0) }
        let outer = passes
        passes *= times ?? 1
        defer { passes = outer }
        if passes > Self.passLimit {
            inspection.report(
                .invalid, "what repeats within each other comes to \(passes) passes", at: how.place,
                help: "\(Self.passLimit) at most")
        }
        let steps = fields.required("steps").map { block($0, "\"steps\"", depth: depth + 1) }
        // It is asked before each pass, so it may look at what the steps of the one before were answered.
        let until = bounds["until"].map { expression($0) }
        guard let times, let steps else { return nil }
        if let until, until == nil { return nil }
        return .loop(times: times, until: until ?? nil, steps)
    }

    private func times(_ node: YAMLNode) -> Int? {
        if let times = node.text.flatMap({ Int($0) }), (2...Self.passLimit).contains(times) { return times }
        inspection.report(.invalid, "\"times\" is a whole number from 2 to \(Self.passLimit)", at: node.place)
        return nil
    }
}

extension Character {
    fileprivate var isNameLetter: Bool { isASCII && (isLetter || isNumber || self == "-" || self == "_") }
}
