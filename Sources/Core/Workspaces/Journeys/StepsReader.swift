import Expressions
import JourneyProgram
import Model

/// Reads the steps of a journey, nested as they are.
final class StepsReader {
    private static let kinds = [
        "email", "stream", "test", "webhook", "notify", "site_message", "postcard", "wait", "wait_for", "if", "switch",
        "split", "repeat", "set", "score", "stage", "start", "end",
    ]
    /// What stands beside the key of a step, and not in a step of its own.
    private static let parts = [
        "exhausted": "stream", "then": "if or wait_for", "elif": "if", "else": "if, switch or wait_for",
        "cases": "switch", "until": "repeat",
    ]
    private static let depthLimit = 16

    let inspection: Inspection
    let names: Names
    /// How often the steps at hand may be taken, by all that repeats around them.
    var passes = 1
    /// The names of splits.
    var splitNames: Set<String> = []
    /// The names of steps that may have an answer.
    var callNames: Set<String> = []
    private var stepNames: Set<String> = []
    /// What the place behind the last step is called.
    private static let endName = "end"

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

    func block(_ node: YAMLNode, _ what: String, depth: Int) -> [Step] {
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
        case "stream": return stream(node, depth: depth)
        case "test": return test(node, depth: depth)
        case "webhook": return webhook(node)
        case "notify": return notify(node)
        case "site_message": return siteMessage(node)
        case "postcard": return postcard(node)
        case "wait": return wait(node)
        case "wait_for": return waitFor(node, depth: depth)
        case "if": return branch(node, depth: depth)
        case "switch": return select(node, depth: depth)
        case "split": return split(node, depth: depth)
        case "repeat": return loop(node, depth: depth)
        case "set": return set(node)
        case "score": return score(node)
        case "stage": return stage(node)
        case "start": return start(node)
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
        if let owner = Self.parts[first.key] {
            inspection.report(
                .unknownKey, "\"\(first.key)\" is no step of its own", at: first.keyPlace,
                help: "it is a key of the step with \(owner), beside that")
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
        let keys = ["email", "step", "late", "once", "on_held"] + Inspection.restraintKeys
        guard let fields = Fields(node, of: "an email step", keys: keys, in: inspection),
            let reference = fields["email"]
        else { return nil }
        let template = inspection.reference(reference, "e-mail", among: names.emails, called: "e-mails")
        let name = fields["step"].map { inspection.name($0, "a step's name") } ?? template
        let guards = self.guards(fields)
        guard let template, let name, let guards else { return nil }
        guard isNew(name, at: (fields["step"] ?? reference).place) else { return nil }
        return .email(name: name, template: template, guards: guards)
    }

    /// Whether no step before has the name; otherwise it is reported.
    func isNew(_ name: String, at place: YAMLNode.Place) -> Bool {
        guard name != Self.endName else {
            inspection.report(
                .invalid, "no step is named \"end\": it is the name of every journey's end", at: place,
                help: "give this one another with step: NAME")
            return false
        }
        if stepNames.insert(name).inserted { return true }
        inspection.report(
            .duplicate, "a step named \"\(name)\" stands in this journey already", at: place,
            help: "give this one a name of its own with step: NAME")
        return false
    }

    private func guards(_ fields: Fields) -> Step.Guards? {
        let isOnce = fields["once"].map { inspection.flag($0, "\"once\"") } ?? false
        let late = fields["late"].map(self.late)
        if let late, late == nil { return nil }
        let restraint = inspection.restraint(fields)
        return isOnce.map { Step.Guards(late: late ?? nil, isOnce: $0, restraint: restraint) }
    }

    func late(_ node: YAMLNode) -> Step.Late? {
        guard let fields = Fields(node, of: "\"late\"", keys: ["after", "then"], in: inspection) else { return nil }
        let after = fields.required("after", help: "such as 6h").flatMap { inspection.span($0, "\"after\"") }
        let known = Step.Late.Consequence.allCases.map(\.rawValue)
        let then = fields["then"].map { inspection.reference($0, "consequence", among: known, called: "consequences") }
        guard let after, let then = (then ?? "skip").flatMap(Step.Late.Consequence.init(rawValue:)) else { return nil }
        return Step.Late(after: after, then: then)
    }

    private func wait(_ node: YAMLNode) -> Step? {
        guard let fields = Fields(node, of: "a wait", keys: ["wait"], in: inspection), let wait = fields["wait"] else {
            return nil
        }
        guard wait.members != nil else { return inspection.span(wait, "a wait").map { .wait($0) } }
        if let until = wait.members?.first(where: { $0.key == "until" })?.value.text, until.hasPrefix("contact.") {
            let keys = ["until", "offset", "at", "yearly"]
            return Fields(wait, of: "a wait for a date", keys: keys, in: inspection)
                .flatMap { inspection.contactDate($0, "until") }.map { .waitUntilDate($0) }
        }
        guard let fields = Fields(wait, of: "a wait", keys: ["until", "days", "spread"], in: inspection) else {
            return nil
        }
        let days = fields["days"].map { inspection.weekdays($0) } ?? Set(Weekday.allCases)
        let spread = fields["spread"].map(self.spread) ?? .zero
        guard let until = fields.required("until", help: "a time of day, such as \"09:00\""), let days, let spread
        else {
            return nil
        }
        let holidays = fields["days"]?.text == "workdays" ? names.holidays : Holidays()
        if let time = until.text.flatMap({ DailyTime($0, days: days, holidays: holidays, spread: spread) }) {
            return .waitUntil(time)
        }
        inspection.report(
            .invalid, "\"until\" must be a time of day, or a date of the contact's", at: until.place,
            help: "HH:MM in quotes, such as \"09:00\", or contact.trial_ends")
        return nil
    }
}

extension StepsReader {
    private func spread(_ node: YAMLNode) -> Span? {
        guard let span = inspection.span(node, "\"spread\"") else { return nil }
        if span <= DailyTime.longestSpread { return span }
        inspection.report(
            .invalid, "a wait is spread over \(DailyTime.longestSpread) at the most", at: node.place,
            help: "such as spread: 30m")
        return nil
    }
}

extension Step {
    /// Whether nothing can follow it.
    fileprivate var alwaysEnds: Bool {
        if case .end = self { return true }
        return branches?.allSatisfy { $0.last?.alwaysEnds == true } == true
    }
}
