import Expressions
import JourneyProgram
import Model
import Postgres
import Store
import Workspaces

/// One contact's facts, from which the worlds of its runs are made.
struct ContactFactSheet {
    private let state: Contacts.State
    private let consents: Set<String>
    private let sums: [String: [Int64: Int64]]
    private let history: History

    /// Loads the sheets of `contacts`, with the events of the given names.
    static func load(
        _ contacts: [ContactKey], events: Set<String>, in session: PostgresSession
    ) throws -> [ContactKey: ContactFactSheet] {
        let states = try Contacts.states(of: contacts, in: session)
        let sums = try ScoreSums.load(of: contacts, in: session)
        let consents = try Consents.current(of: contacts, in: session)
        let histories = try EventLog.history(of: contacts, names: events, in: session)
        return states.mapValues { state in
            ContactFactSheet(
                state: state, consents: (consents[state.key] ?? []).topics(givenAt: state.address),
                sums: (sums[state.key] ?? []).reduce(into: [:]) { $0[$1.model, default: [:]][$1.epoch] = $1.amount },
                history: History(histories[state.key] ?? []))
        }
    }

    /// The event of a signal; nil where the log no longer has it.
    func event(named name: String, at position: HistoryPosition) -> HistoryEvent? {
        history.upTo(position).events(named: name).last { $0.position == position }
    }

    func world(_ workspace: Workspace, now: Timestamp, verdicts: [Messages.Verdict] = []) -> World {
        let facts = ContactFacts(
            workspace, now: now, contact: .object(state.attributes), stage: state.stage, consents: consents, sums: sums,
            history: history)
        var known: [StepVisit: MessageVerdict] = [:]
        for verdict in verdicts {
            guard let final = verdict.final else { continue }
            known[StepVisit(step: verdict.step, visit: Int(verdict.visit))] = final
        }
        return World(facts: facts, zone: workspace.zone, verdicts: known)
    }
}

extension Messages.Verdict {
    /// The verdict as the run takes it: from the hand-over on a message counts as sent, whatever becomes of it later.
    fileprivate var final: MessageVerdict? {
        guard let settledAt else { return nil }
        return MessageVerdict(outcome, at: settledAt)
    }

    private var outcome: MessageVerdict.Outcome {
        switch state {
        case .planned, .claimed, .handed, .accepted: .sent
        case .refused: .refused
        case .unknown: .unknown
        case .skipped: .skipped
        case .withdrawn: .withdrawn
        case .expired: .expired
        }
    }
}
