import Expressions
import JourneyProgram
import Model
import Postgres
import Scores
import SendGate
import Store
import Workspaces

/// One contact's facts, from which the worlds of its runs are made.
struct ContactFactSheet {
    private let state: Contacts.State
    private let consents: Set<String>
    private let segments: Set<String>
    private let balances: [String: ScoreBalance]
    private let history: History
    private let companies: [String: [String: JSON]]?
    private let received: Set<String>
    private let persona: String?

    /// Where mail goes.
    var address: String? { state.address }

    /// Loads the sheets of contacts, each with what is mentioned and nothing else.
    static func load(
        _ mentions: [ContactKey: Mentions], in session: PostgresSession
    ) throws -> [ContactKey: ContactFactSheet] {
        guard !mentions.isEmpty else { return [:] }
        func contacts(whose isMeant: (Mentions) -> Bool) -> [ContactKey] {
            mentions.filter { isMeant($0.value) }.map(\.key)
        }
        let states = try Contacts.states(of: mentions.keys, in: session)
        let balances = try ScoreSums.load(of: contacts { $0.scores }, in: session)
        let consents = try Consents.current(ofAny: contacts { $0.consents }, in: session)
        let segments = try SegmentMembers.names(of: contacts { $0.segments }, in: session)
        let companies = try Companies.attributes(ofCompaniesOf: states.values, in: session)
        let histories = try EventLog.history(
            of: contacts { !$0.events.isEmpty }, names: Set(mentions.values.lazy.flatMap(\.events)),
            context: mentions.values.contains { $0.places }, in: session)
        let received = try Messages.received(
            by: contacts { !$0.templates.isEmpty }, of: Set(mentions.values.lazy.flatMap(\.templates)), in: session)
        let personas = try PersonaRows.load(of: contacts { $0.persona }, in: session)
        return states.mapValues { state in
            ContactFactSheet(
                state: state, consents: (consents[state.key] ?? []).topics(givenAt: state.address),
                segments: Set(segments[state.key] ?? []), balances: balances[state.key] ?? [:],
                history: histories[state.key]?.history ?? History(), companies: companies[state.key.workspace],
                received: received[state.key] ?? [], persona: personas[state.key]?.persona)
        }
    }

    /// - Parameters:
    ///   - isRung: whether a mailer has told the run of a verdict.
    ///   - planned: the templates that the batch has planned for the contact so far.
    ///   - goesOn: whether the run goes on behind a step while the gate holds its message.
    func world(
        _ workspace: Workspace, now: Timestamp, verdicts: [Messages.Verdict] = [], isRung: Bool = false,
        planned: Set<String> = [], goesOn: (String) -> Bool = { _ in false }
    ) -> World {
        let facts = ContactFacts(
            workspace, now: now, contact: state.seen(with: companies), stage: state.stage, consents: consents,
            segments: segments, balances: balances, objects: state.objects, history: history)
        var known: [StepVisit: MessageVerdict] = [:]
        for verdict in verdicts {
            let visit = StepVisit(step: verdict.step, visit: Int(verdict.visit))
            if let since = verdict.heldSince, !Reasons(rawValue: verdict.reasons).contains(.journeyPaused) {
                if goesOn(verdict.step) { known[visit] = MessageVerdict(.held, at: since) }
                continue
            }
            // Mailers of the release before wake runs as they hand over, and not again at the end.
            guard verdict.state.isFinal || isRung, let final = verdict.final else { continue }
            known[visit] = final
        }
        var world = World(
            facts: facts, contact: state.key.contact, zone: workspace.zone, verdicts: known,
            received: received.union(planned))
        world.persona = persona ?? workspace.personas.fallback
        if !workspace.pages.isEmpty { world.page = { workspace.page(of: $0) } }
        return world
    }
}

extension Consents {
    fileprivate static func current(
        ofAny contacts: [ContactKey], in session: PostgresSession
    ) throws -> [ContactKey: [Entry]] {
        contacts.isEmpty ? [:] : try current(of: contacts, in: session)
    }
}

extension Messages.Verdict {
    /// The verdict as the run takes it: it dates from the hand-over, if there was one.
    fileprivate var final: MessageVerdict? {
        guard let settledAt else { return nil }
        return MessageVerdict(
            outcome, at: settledAt, answer: answer,
            endsRun: state == .skipped && Reasons(rawValue: reasons).contains(.endsRun))
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
