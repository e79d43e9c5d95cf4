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
        EventNames.emailBounced, EventNames.emailComplained,
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

    /// Points that a cap cut off, or whose time is over, are told as such.
    private func points(of event: Story.Event) -> [StoryLine] {
        (pointLines[HistoryPosition(at: event.at, eventID: event.eventID)] ?? []).filter {
            $0.line.event.name == event.name
        }.map { score, line in
            let points = Double(line.rule.points) / 1000
            let condition = line.rule.when.map { ", since \($0.line)" } ?? ""
            let fate = line.words(in: portrait.zone).map { "; \($0)" } ?? ""
            return StoryLine(
                at: event.at, kind: .points, order: event.eventID,
                text: "\(score) \(points < 0 ? "" : "+")\(points.short) for \(line.rule.event)\(condition)\(fate)",
                facts: line.facts(of: score))
        }
    }

    /// Each stage with the condition that reaches it, as the live definitions have it, and the event that came with it.
    var stageLines: [StoryLine] {
        story.stages.map { reached in
            let stage = portrait.definitions?.stage(named: reached.stage)
            let event = story.events.last { $0.eventID == reached.eventID && $0.at == reached.at }?.name
            let before = reached.previous.map { ", from \($0)" } ?? ""
            let reason = stage.map { $0.when.map { ", since \($0.line)" } ?? ", where everybody begins" } ?? ""
            let lapse = lapse(of: reached)
            return StoryLine(
                at: reached.at, kind: .stage, order: reached.eventID,
                text: (lapse ?? "reached \(reached.stage)\(before)\(reason)") + (event.map { ", with \($0)" } ?? ""),
                facts: [
                    "stage": .string(reached.stage), "previous": reached.previous.map { .string($0) } ?? .null,
                    "event_id": .string(reached.eventID), "event": event.map { .string($0) } ?? .null,
                    "when": stage?.when.map { .string($0.source) } ?? .null,
                ])
        }
    }

    /// A move to an earlier stage; nil for one ahead.
    private func lapse(of reached: Stages.Reached) -> String? {
        guard let definitions = portrait.definitions, let previous = reached.previous,
            definitions.place(of: reached.stage) < definitions.place(of: previous)
        else { return nil }
        let reason = definitions.stage(named: previous)?.when.map { ", since no longer \($0.line)" } ?? ""
        return "went back to \(reached.stage), from \(previous)\(reason)"
    }

    /// Each entering and leaving of a segment with what made it so, and the condition as the live definitions have it.
    var segmentLines: [StoryLine] {
        story.moves.map { move in
            let segment = portrait.definitions?.segment(named: move.segment)
            let event = move.eventID.flatMap { id in story.events.last { $0.eventID == id && $0.at == move.at }?.name }
            let times = move.isEntry && move.ordinal > 1 ? " for the \(move.ordinal.place) time" : ""
            let condition = move.isEntry ? segment.map { ", by \($0.when.line)" } ?? "" : ""
            let cause =
                switch move.cause {
                case .event: event.map { ", with \($0)" } ?? ""
                case .time: ", by time alone"
                case .backfill: ", by definitions applied (revision \(move.revision))"
                }
            return StoryLine(
                at: move.at, kind: .segment, order: move.eventID ?? "",
                text: "\(move.isEntry ? "entered" : "left") \(move.segment)\(times)\(cause)\(condition)",
                facts: [
                    "segment": .string(move.segment), "move": .string(move.isEntry ? "entered" : "left"),
                    "ordinal": .int(Int64(move.ordinal)), "cause": .string(move.cause.rawValue),
                    "event_id": move.eventID.map { .string($0) } ?? .null, "revision": .int(Int64(move.revision)),
                    "when": segment.map { .string($0.when.source) } ?? .null,
                ])
        }
    }

    var consentLines: [StoryLine] {
        story.consents.map { entry in
            let verb =
                switch entry.state {
                case .given: "gave consent to"
                case .withdrawn: "withdrew consent to"
                case .denied: "refused consent to"
                case .pending: "asked for, and has not confirmed,"
                }
            let place = entry.address.isEmpty ? "" : " at \(entry.address)"
            let wording = entry.wording.map { " (“\($0)”)" } ?? ""
            var facts = entry.json.object ?? [:]
            facts["event_id"] = .string(entry.eventID)
            return StoryLine(
                at: entry.at, kind: .consent, order: entry.eventID,
                text:
                    "\(verb) “\(entry.topic)”\(place)\(wording)\(entry.proof.version.map { ", v\($0)" } ?? ""), by \(entry.source)",
                facts: facts)
        }
    }
}

extension Expression {
    /// The source on one line.
    var line: String {
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
