import Expressions
import JourneyProgram
import Model
import ServiceRuntime
import Store
import Workspaces

/// Tells of one contact and one journey, or one step of it: when they came in and why, which way they went, and for what they
/// wait, from what is stored of it.
struct JourneyTelling {
    private let telling: StoryTelling
    private let journey: String
    private let step: String?

    /// - Parameter name: a journey, or `journey/step`.
    /// - Returns: nil where the workspace has no such journey, and the contact was never in one.
    init?(_ portrait: ContactPortrait, about name: String) {
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        guard let journey = parts.first,
            portrait.definitions?.journey(named: journey) != nil
                || portrait.story.runs.contains(where: { $0.journey == journey })
                || portrait.story.decisions.contains(where: { $0.journey == journey })
        else { return nil }
        telling = StoryTelling(portrait: portrait)
        self.journey = journey
        step = parts.count == 2 ? parts[1] : nil
    }

    private var name: String { step.map { "\(journey)/\($0)" } ?? journey }

    private func isMeant(_ facts: [String: JSON]) -> Bool {
        facts["journey"]?.string == journey && (step == nil || facts["step"]?.string == step)
    }

    private var told: [StoryLine] { telling.lines.filter { isMeant($0.facts) } }

    private var waits: [StoryTelling.Wait] {
        telling.waits.filter { $0.run.journey == journey }
    }

    /// What is so now, where nothing waits.
    private var standing: String {
        let runs = telling.story.runs.filter { $0.journey == journey }
        guard let last = runs.max(by: { $0.enteredAt < $1.enteredAt }) else {
            return "has not been in \(journey)" + (beginning.map { "; it begins \($0)" } ?? "")
        }
        let start = telling.local(last.enteredAt).full
        let never = step.map { told.isEmpty ? "; never came to \($0)" : "" } ?? ""
        guard let end = last.endedAt else { return "in it since \(start)\(never)" }
        return "was in it last from \(start) to \(telling.local(end).full)\(never)"
    }

    /// How the journey takes people in, as the live definitions have it.
    private var beginning: String? {
        guard let entry = telling.portrait.definitions?.journey(named: journey)?.journey.entry else { return nil }
        switch entry.trigger {
        case .event(EventNames.entryRequested(into: journey), _): return "by a request of a server (POST /v1/journeys)"
        case .event(let event, let condition):
            return "with \(event)" + (condition.map { " when \($0.source)" } ?? "")
        case .segment(let segment, _): return "with entering segment \(segment)"
        case .left(let segment, _): return "with leaving segment \(segment)"
        case .stage(let stage): return "with reaching stage \(stage)"
        case .date(let date, _): return "by contact.\(date.path.joined(separator: "."))"
        case .called: return "when another journey starts it"
        case .broadcast(let broadcast): return "on its schedule, for segment \(broadcast.segment)"
        }
    }

    /// The account for people, a line each.
    var lines: [String] {
        var lines = ["\(Console.bold(Console.safe(name)))   for \(Console.safe(telling.portrait.title))"]
        lines += told.map { "  \(telling.local($0.at).full)   \(Console.safe($0.text))" }
        lines.append("  \(Console.bold("now"))   \(Console.safe(standing))")
        return lines + waits.map { "  \(Console.bold("now"))   \(Console.safe($0.text))" }
    }

    var json: JSON {
        .object([
            "journey": .string(journey), "step": step.map { .string($0) } ?? .null,
            "now": .string(telling.portrait.now.description), "story": .array(told.map(\.json)),
            "standing": .string(standing), "waits": .array(waits.map(\.json)),
        ])
    }
}
