import JourneyProgram
import Model
import Store
import Workspaces

/// Tells a funnel: stages with their counts and flows, and the journeys that serve each.
struct FunnelTelling: Sendable {
    let funnel: Funnel
    let definitions: Workspace
    let from: Timestamp
    let to: Timestamp
    /// Those that were due between the two, in order.
    let broadcasts: [Broadcasts.Standing]
    /// Those that were decided between the two, in order.
    let tests: [TestResults.Result]

    /// How often mails were opened and clicked by readers who are not known by it, from the day of `from` to that of `to`.
    let counts: [MailCounts.Key: Int64]

    /// Those defined, and those that contacts are in although they are defined no more.
    private var stages: [String] {
        let defined = definitions.stages.map(\.name)
        let others = Set(funnel.flows.flatMap { [$0.from, $0.to] }.compactMap(\.self)).subtracting(defined)
        return defined + others.sorted()
    }

    // MARK: For people

    var lines: [String] {
        let (start, end) = (LocalTime(from, in: definitions.zone), LocalTime(to, in: definitions.zone))
        var lines = [Console.bold(definitions.name) + "   \(start.full) → \(end.full)   \(definitions.zone.name)", ""]
        lines.append(row("stage", "before", "after", Console.dim("where they went")))
        for stage in stages { lines += tell(stage) }
        lines += tell(nil)
        return lines + rest + broadcasts.map { "  \($0.words)" } + tests.map { "  \($0.words)" }
    }

    private func tell(_ stage: String?) -> [String] {
        let counts = funnel.counts(of: stage)
        let moves = funnel.flows.filter { $0.from == stage && $0.to != stage }.sorted { $0.contacts > $1.contacts }
        if stage == nil, moves.isEmpty { return [] }
        let words = moves.map { "→ \($0.to ?? "no stage") \($0.contacts.grouped)" }.joined(separator: " · ")
        let line =
            stage == nil
            // Who was in no stage before is mostly somebody who was not there.
            ? row("new", "", "", words) : row(stage ?? "", counts.before.grouped, counts.after.grouped, words)
        guard let stage else { return [line] }
        return [line] + served(stage)
    }

    private func row(_ name: String, _ before: String, _ after: String, _ words: String) -> String {
        "  \(Console.safe(name).padded(to: 16)) \(before.leading(to: 10)) \(after.leading(to: 10))   \(Console.safe(words))"
    }

    private func tell(_ passage: Funnel.Passage) -> String {
        let ended = passage.ended.sorted { $0.key < $1.key }.map { "\($0.value.grouped) \($0.key)" }
        let worth = passage.value.map { ["worth \($0.short)"] } ?? []
        let parts = ["\(passage.entered.grouped) entered"] + ended + worth + ["\(passage.underWay.grouped) under way"]
        return "journey \(passage.journey.padded(to: 20)) \(parts.joined(separator: " · "))"
    }

    /// What belongs to no stage.
    private var rest: [String] {
        let served = served(nil)
        return served.isEmpty ? [] : ["  any stage"] + served
    }

    /// The segments of a stage, each with the journeys that it starts, and the stage's other journeys.
    private func served(_ stage: String?) -> [String] {
        let journeys = journeys(of: stage)
        let segments = segments(of: stage)
        let others = journeys.filter { passage in !segments.contains { $0.segment == segment(of: passage.journey) } }
        return segments.flatMap { membership in
            [tell(membership)]
                + journeys.filter { segment(of: $0.journey) == membership.segment }.flatMap {
                    told($0, behind: "      ")
                }
        } + others.flatMap { told($0, behind: "    ") }
    }

    private func told(_ passage: Funnel.Passage, behind indent: String) -> [String] {
        [indent + tell(passage)] + (lift(of: passage.journey).map { ["\(indent)  \($0.words)"] } ?? [])
            + steps(of: passage.journey).map { "\(indent)  \(Console.safe($0.words))" }
    }

    /// Where there is a goal, and somebody was held out.
    private func lift(of journey: String) -> Funnel.Lift? {
        guard let lift = funnel.lifts[journey], lift.heldOut.entered > 0,
            definitions.journey(named: journey)?.journey.goal != nil
        else { return nil }
        return lift
    }

    /// The steps of a journey whose mails were opened or clicked by readers who are not known by it.
    private func steps(of journey: String) -> [UntrackedStep] {
        let own = counts.filter { $0.key.journey == journey }
        return Dictionary(grouping: own) { $0.key.step }.sorted { $0.key < $1.key }.map { step, counts in
            UntrackedStep(step: step, counts: Dictionary(counts.map { ($0.key, $0.value) }) { $0 + $1 })
        }
    }

    private func tell(_ membership: Funnel.Membership) -> String {
        row(
            "  segment \(membership.segment)", membership.before.grouped, membership.after.grouped,
            "\(membership.entered.grouped) entered · \(membership.left.grouped) left")
    }

    private func segments(of stage: String?) -> [Funnel.Membership] {
        let known = Dictionary(funnel.memberships.map { ($0.segment, $0) }) { first, _ in first }
        return definitions.segments.filter { $0.stage == stage }.map { known[$0.name] ?? .init(segment: $0.name) }
    }

    /// The segment that starts a journey.
    private func segment(of journey: String) -> String? {
        guard case .segment(let name, _)? = definitions.journey(named: journey)?.journey.entry.trigger else {
            return nil
        }
        return name
    }

    private func journeys(of stage: String?) -> [Funnel.Passage] {
        let known = Dictionary(funnel.passages.map { ($0.journey, $0) }) { first, _ in first }
        let named = definitions.journeys.map(\.journey).filter { $0.stage == stage }.map(\.name)
        let gone = stage == nil ? known.keys.filter { definitions.journey(named: $0) == nil } : []
        return (named + gone).sorted().map { known[$0] ?? Funnel.Passage(journey: $0) }
    }

    // MARK: For scripts

    var json: JSON {
        .object([
            "workspace": .string(definitions.name), "from": .string(from.description), "to": .string(to.description),
            "zone": .string(definitions.zone.name),
            "stages": .array(
                stages.map { stage in
                    let counts = funnel.counts(of: stage)
                    return .object([
                        "stage": .string(stage), "before": .int(counts.before), "after": .int(counts.after),
                    ])
                }),
            "flows": .array(
                funnel.flows.sorted { ($0.from ?? "", $0.to ?? "") < ($1.from ?? "", $1.to ?? "") }.map { flow in
                    .object([
                        "from": flow.from.map { .string($0) } ?? .null, "to": flow.to.map { .string($0) } ?? .null,
                        "contacts": .int(flow.contacts),
                    ])
                }),
            "segments": .array(
                definitions.segments.map { segment in
                    let membership = segments(of: segment.stage).first { $0.segment == segment.name }
                    return .object([
                        "segment": .string(segment.name), "stage": segment.stage.map { .string($0) } ?? .null,
                        "before": .int(membership?.before ?? 0), "after": .int(membership?.after ?? 0),
                        "entered": .int(membership?.entered ?? 0), "left": .int(membership?.left ?? 0),
                    ])
                }),
            "broadcasts": .array(broadcasts.map(\.json)), "tests": .array(tests.map(\.json)),
            "journeys": .array(
                (stages.flatMap { journeys(of: $0) } + journeys(of: nil)).map { passage in
                    let stage = definitions.journey(named: passage.journey)?.journey.stage
                    return .object([
                        "value": passage.value.map { .double($0) } ?? .null,
                        "journey": .string(passage.journey), "stage": stage.map { .string($0) } ?? .null,
                        "segment": segment(of: passage.journey).map { .string($0) } ?? .null,
                        "entered": .int(passage.entered), "under_way": .int(passage.underWay),
                        "ended": .object(passage.ended.mapValues { .int($0) }),
                        "hold_out": funnel.lifts[passage.journey]?.json ?? .null,
                        "untracked": .array(steps(of: passage.journey).map(\.json)),
                    ])
                }),
        ])
    }
}
