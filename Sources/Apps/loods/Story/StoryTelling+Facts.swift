import Contracts
import Expressions
import Model
import Store
import Workspaces

extension StoryTelling {
    /// Events, each followed by the points that it gave.
    var eventLines: [StoryLine] {
        let told = Set(story.consents.map(\.eventID))
        return story.events.flatMap { event -> [StoryLine] in
            // Consents and mails have lines of their own that say more.
            let isTold = told.contains(event.eventID) && event.name.hasPrefix("Consent ")
            let line = isTold || Self.outcomes.contains(event.name) ? nil : self.line(event)
            return [line].compactMap(\.self) + points(of: event)
        }
    }

    private static let outcomes: Set<String> = [
        EventNames.emailSent, EventNames.emailRefused, EventNames.emailSkipped, EventNames.emailUnknown,
    ]

    private func line(_ event: Story.Event) -> StoryLine {
        let properties = event.properties.object ?? [:]
        let mail = properties["message_id"]?.string.flatMap { id in story.mails.first { $0.id.description == id } }
        let isReaction = event.trust == .system && event.name.hasPrefix("Email ")
        let shown = properties.sorted { $0.key < $1.key }.filter { !isReaction || $0.key == "url" }
            .map { isReaction ? $0.value.brief : "\($0.key) \($0.value.brief)" }.joined(separator: ", ")
        let what =
            isReaction
            ? "\(mail.map { "\($0.journey)/\($0.step) " } ?? "")\(event.name.dropFirst(6).lowercased())" : event.name
        return StoryLine(
            at: event.at, kind: isReaction ? .mail : .event, order: event.eventID,
            text: shown.isEmpty ? what : "\(what)   \(shown)",
            facts: [
                "name": .string(event.name), "event_id": .string(event.eventID), "properties": event.properties,
                "received_at": .string(event.receivedAt.description), "trust": .string(event.trust.word),
            ])
    }

    private func points(of event: Story.Event) -> [StoryLine] {
        guard let definitions = portrait.definitions else { return [] }
        let view = JSON.object([
            "name": .string(event.name), "id": .string(event.eventID), "at": .string(event.at.description),
            "properties": event.properties, "context": event.context,
        ])
        return definitions.pointRules(forEvent: event.name).filter { _, rule in
            rule.when?.holds(in: OneEvent(now: event.at, event: view)).holds ?? true
        }.map { score, rule in
            let points = Double(rule.points) / 1000
            let condition = rule.when.map { ", since \($0.line)" } ?? ""
            return StoryLine(
                at: event.at, kind: .points, order: event.eventID,
                text: "\(score.name) \(points < 0 ? "" : "+")\(points.short) for \(rule.event)\(condition)",
                facts: [
                    "score": .string(score.name), "points": .double(points), "event": .string(rule.event),
                    "event_id": .string(event.eventID), "when": rule.when.map { .string($0.source) } ?? .null,
                ])
        }
    }

    /// Each stage with the condition that reaches it, as the live definitions have it, and the event that came with it.
    var stageLines: [StoryLine] {
        story.stages.map { reached in
            let stage = portrait.definitions?.stage(named: reached.stage)
            let event = story.events.last { $0.eventID == reached.eventID && $0.at == reached.at }?.name
            let before = reached.previous.map { ", from \($0)" } ?? ""
            let reason = stage.map { $0.when.map { ", since \($0.line)" } ?? ", where everybody begins" } ?? ""
            return StoryLine(
                at: reached.at, kind: .stage, order: reached.eventID,
                text: "reached \(reached.stage)\(before)\(reason)" + (event.map { ", with \($0)" } ?? ""),
                facts: [
                    "stage": .string(reached.stage), "previous": reached.previous.map { .string($0) } ?? .null,
                    "event_id": .string(reached.eventID), "event": event.map { .string($0) } ?? .null,
                    "when": stage?.when.map { .string($0.source) } ?? .null,
                ])
        }
    }

    var consentLines: [StoryLine] {
        story.consents.map { entry in
            let verb = entry.state == .given ? "gave consent to" : "withdrew consent to"
            let place = entry.address.isEmpty ? "" : " at \(entry.address)"
            let wording = entry.wording.map { " (“\($0)”)" } ?? ""
            var facts = entry.json.object ?? [:]
            facts["event_id"] = .string(entry.eventID)
            return StoryLine(
                at: entry.at, kind: .consent, order: entry.eventID,
                text: "\(verb) “\(entry.topic)”\(place)\(wording), by \(entry.source)", facts: facts)
        }
    }
}

extension Expression {
    /// The source on one line.
    fileprivate var line: String {
        source.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }.joined(separator: " ")
    }
}

extension AcceptedEvent.Trust {
    fileprivate var word: String {
        switch self {
        case .publicKey: "public"
        case .server: "server"
        case .system: "loods"
        }
    }
}

/// A world of one event and nothing else, which is all that point rules see.
private struct OneEvent: EvaluationContext {
    var now: Timestamp
    var event: JSON?
    var contact: JSON { .null }
    var stage: String? { nil }
    var history: History { History() }
    var runStart: HistoryPosition? { nil }
    func consented(_ topic: String) -> Bool { false }
    func score(_ model: String) -> Double { 0 }
    func halfLife(ofScore model: String) -> Span? { nil }
}
