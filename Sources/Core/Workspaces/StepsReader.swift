import Expressions
import JourneyProgram
import Model

/// Reads the steps of a journey, nested as they are.
final class StepsReader {
    private static let kinds = ["email", "wait", "wait_for", "if", "end"]
    private static let later: Set<String> = ["split", "notify", "webhook", "postcard"]
    private static let depthLimit = 16

    private let inspection: Inspection
    private let names: Names
    private var stepNames: Set<String> = ["end"]

    init(_ inspection: Inspection, _ names: Names) {
        self.inspection = inspection
        self.names = names
    }

    /// The steps of a journey; there must be one at least.
    func read(_ node: YAMLNode) -> [Step] {
        if node.isNull || node.elements?.isEmpty == true {
            inspection.report(.missing, "a journey needs steps", at: node.place)
            return []
        }
        return block(node, "\"steps\"", depth: 1)
    }

    private func block(_ node: YAMLNode, _ what: String, depth: Int) -> [Step] {
        guard let elements = node.elements else {
            inspection.report(.invalid, "\(what) must be a list of steps, not \(node.kind)", at: node.place)
            return []
        }
        guard depth <= Self.depthLimit else {
            inspection.report(.invalid, "steps are nested more than \(Self.depthLimit) deep", at: node.place)
            return []
        }
        var steps: [Step] = []
        var hasEnded = false
        for element in elements {
            if hasEnded { inspection.report(.unreachable, "this step can never be reached", at: element.place) }
            guard let step = step(element, depth: depth) else { continue }
            hasEnded = step.alwaysEnds
            steps.append(step)
        }
        return steps
    }

    private func step(_ node: YAMLNode, depth: Int) -> Step? {
        if node.text == "end" { return .end }
        guard let kind = kind(of: node) else { return nil }
        switch kind {
        case "email": return email(node)
        case "wait": return wait(node)
        case "wait_for": return waitFor(node, depth: depth)
        case "if": return branch(node, depth: depth)
        default:
            inspection.report(.invalid, "the end stands alone", at: node.place, help: "write it as: - end")
            return nil
        }
    }

    /// The key that says what a step does.
    private func kind(of node: YAMLNode) -> String? {
        let steps = "steps are " + Self.kinds.joined(separator: ", ")
        guard let members = node.members else {
            let what = node.text.map { "unknown step \"\($0)\"" } ?? "a step must be a mapping, not \(node.kind)"
            inspection.report(.unknownKey, what, at: node.place, help: steps)
            return nil
        }
        if let kind = members.first(where: { Self.kinds.contains($0.key) }) { return kind.key }
        guard let first = members.first else {
            inspection.report(.invalid, "a step is empty", at: node.place, help: steps)
            return nil
        }
        if Self.later.contains(first.key) {
            inspection.report(
                .notAvailable, "the step \"\(first.key)\" is not available yet", at: first.keyPlace, help: steps)
        } else {
            let help = NearMiss.help(for: first.key, among: Self.kinds, called: "steps")
            inspection.report(.unknownKey, "unknown step \"\(first.key)\"", at: first.keyPlace, help: help)
        }
        return nil
    }
}

// MARK: The kinds of steps

extension StepsReader {
    private func email(_ node: YAMLNode) -> Step? {
        guard let fields = Fields(node, of: "an email step", keys: ["email", "step"], in: inspection),
            let reference = fields["email"]
        else { return nil }
        let template = inspection.reference(reference, "e-mail", among: names.emails, called: "e-mails")
        let name = fields["step"].map { inspection.name($0, "a step's name") } ?? template
        guard let template, let name else { return nil }
        guard stepNames.insert(name).inserted else {
            inspection.report(
                .duplicate, "a step named \"\(name)\" stands in this journey already",
                at: (fields["step"] ?? reference).place, help: "give this one a name of its own with step: NAME")
            return nil
        }
        return .email(name: name, template: template)
    }

    private func wait(_ node: YAMLNode) -> Step? {
        guard let fields = Fields(node, of: "a wait", keys: ["wait"], in: inspection), let wait = fields["wait"] else {
            return nil
        }
        guard wait.members != nil else { return inspection.span(wait, "a wait").map { .wait($0) } }
        guard let fields = Fields(wait, of: "a wait", keys: ["until", "days"], in: inspection) else { return nil }
        let days = fields["days"].map(self.days) ?? Set(DailyTime.Weekday.allCases)
        guard let until = fields.required("until", help: "a time of day, such as \"09:00\""), let days else {
            return nil
        }
        if let time = until.text.flatMap({ DailyTime($0, days: days) }) { return .waitUntil(time) }
        inspection.report(
            .invalid, "\"until\" must be a time of day", at: until.place, help: "HH:MM in quotes, such as \"09:00\"")
        return nil
    }

    private func days(_ node: YAMLNode) -> Set<DailyTime.Weekday>? {
        if node.text == "workdays" { return DailyTime.workdays }
        let words =
            node.elements.map { $0.map { $0.text ?? "" } }
            ?? (node.text ?? "").split(separator: ",").map {
                String($0.drop { $0 == " " })
            }
        let days = words.map { word in DailyTime.Weekday.allCases.first { $0.abbreviation == word } }
        guard !days.isEmpty, !days.contains(nil) else {
            let known = DailyTime.Weekday.allCases.map(\.abbreviation).joined(separator: ", ")
            inspection.report(
                .invalid, "\"days\" is workdays or a list of days", at: node.place, help: "days are \(known)")
            return nil
        }
        return Set(days.compactMap { $0 })
    }

    private func waitFor(_ node: YAMLNode, depth: Int) -> Step? {
        guard let fields = Fields(node, of: "a wait_for", keys: ["wait_for", "then", "else"], in: inspection),
            let wait = fields["wait_for"]
        else { return nil }
        let branches = self.branches(fields, depth: depth)
        guard let wait = eventWait(wait) else { return nil }
        return .waitFor(wait, then: branches.then, otherwise: branches.otherwise)
    }

    private func eventWait(_ node: YAMLNode) -> Step.EventWait? {
        guard let fields = Fields(node, of: "a wait_for", keys: ["event", "when", "at_most"], in: inspection) else {
            return nil
        }
        let event = fields.required("event").flatMap(inspection.event)
        let when = fields["when"].map { inspection.expression($0, scope: [.event, .run], names.vocabulary) }
        let atMost = fields.required("at_most", help: "how long to wait, such as 3d")
            .flatMap { inspection.span($0, "\"at_most\"") }
        guard let event, let atMost else { return nil }
        return Step.EventWait(event: event, when: when ?? nil, atMost: atMost)
    }

    private func branch(_ node: YAMLNode, depth: Int) -> Step? {
        guard let fields = Fields(node, of: "an if", keys: ["if", "then", "else"], in: inspection),
            let condition = fields["if"]
        else { return nil }
        if fields["then"] == nil, fields["else"] == nil {
            inspection.report(.missing, "an if needs \"then\" or \"else\"", at: node.place)
        }
        let branches = self.branches(fields, depth: depth)
        guard let condition = inspection.expression(condition, scope: .run, names.vocabulary) else { return nil }
        return .branch(condition, then: branches.then, otherwise: branches.otherwise)
    }

    private func branches(_ fields: Fields, depth: Int) -> (then: [Step], otherwise: [Step]) {
        let then = fields["then"].map { block($0, "\"then\"", depth: depth + 1) } ?? []
        let otherwise = fields["else"].map { block($0, "\"else\"", depth: depth + 1) } ?? []
        return (then, otherwise)
    }
}

extension Step {
    /// Whether nothing can follow it.
    fileprivate var alwaysEnds: Bool {
        switch self {
        case .end: true
        case .branch(_, let then, let otherwise), .waitFor(_, let then, let otherwise):
            then.last?.alwaysEnds == true && otherwise.last?.alwaysEnds == true
        case .email, .wait, .waitUntil: false
        }
    }
}
