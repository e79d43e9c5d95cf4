import Expressions
import Model

extension Engine {
    /// Plans an e-mail with what its content rules choose for the contact; the choice is recorded with what it was taken on.
    mutating func send(_ template: String, _ line: StepTable.Line) {
        run.phase = .sending
        let visit = StepVisit(step: line.name, visit: line.visit)
        guard let rules = journey.contents[template] else {
            return effects.append(.send(visit, template: template, content: nil))
        }
        let (choice, saw) = choose(by: rules)
        effects.append(.send(visit, template: template, content: choice))
        var told = saw
        told["template"] = .string(template)
        decide(Journey.contentStep(of: line.name), visit: line.visit, choice.words, told)
    }

    private func choose(by rules: ContentRules) -> (ContentChoice, saw: [String: JSON]) {
        var choice = ContentChoice(cell: rules.cell(persona: world.persona, stage: world.facts.stage))
        var saw: [String: JSON] = [:]
        if !rules.cells.isEmpty {
            saw["persona"] = world.persona.map { .string($0) }
            saw["stage"] = world.facts.stage.map { .string($0) }
        }
        guard !rules.blocks.isEmpty else { return (choice, saw) }
        let scene = Scene(world, event: entryEvent, runStart: run.entry)
        var conditions: [String: JSON] = [:]
        for block in rules.blocks {
            let variant = block.variants.first { $0.when.holds(in: scene).holds }
            choice.blocks[block.name] = variant?.name ?? block.fallback
            conditions[block.name] = variant.map { .string($0.when.source) } ?? .null
        }
        saw["conditions"] = .object(conditions)
        return (choice, saw)
    }

    /// The event that the run began with, as far as the log has it.
    private var entryEvent: HistoryEvent? {
        guard case .event(let name, _) = journey.entry.trigger else { return nil }
        guard var event = world.facts.history.event(named: name, at: run.entry) else { return nil }
        if let page = world.page { event.page = page(event) }
        return event
    }
}

extension Journey {
    /// Under what name the choice of an e-mail's content is recorded.
    static func contentStep(of step: String) -> String { "\(contentPrefix)\(step)" }

    /// No step's name has a space in it.
    private static let contentPrefix = "content "

    /// The step whose e-mail a decision chose the content of; nil for other decisions.
    public static func step(ofContentDecision step: String) -> String? {
        step.hasPrefix(contentPrefix) ? String(step.dropFirst(contentPrefix.count)) : nil
    }
}
