import Contracts
import Expressions
import Model
import Postgres
import Scores
import Store
import Transit
import Workspaces

/// What rules ask about the contacts of a batch, read in one statement a kind, for those who need it.
struct LoadedFacts {
    private let states: [ContactKey: Contacts.State]
    /// The sums of those whose scores are asked for.
    let scores: ScoreSums.Loaded
    private let counts: [ContactKey: [ScoreCounts.Slot: [HistoryPosition]]]
    private let consents: [ContactKey: [Consents.Entry]]
    private let histories: [ContactKey: LoggedHistory]
    private let carried: [ContactKey: [CarriedScores.Key: CarriedScores.Entry]]
    private let joined: Set<ContactKey>
    private let segments: [ContactKey: [String]]
    private let members: [ContactKey: [SegmentMembers.Membership]]
    private let personas: [ContactKey: PersonaRows.Row]
    private let companies: [WorkspaceID: [String: [String: JSON]]]

    init(for newcomers: [Person.Newcomer], now: Timestamp, in session: PostgresSession) throws {
        func contacts(_ isMeant: (Person.Newcomer) -> Bool) -> [ContactKey] {
            newcomers.filter(isMeant).map(\.contact)
        }
        states = try Contacts.states(of: contacts(\.needsAttributes), in: session)
        companies = try Companies.attributes(
            of: Set(newcomers.flatMap(\.companies) + states.values.compactMap(\.companyKey)), in: session)
        joined = try Contacts.joined(of: contacts(\.isDescribedPublicly), in: session)
        let haveEnds = newcomers.contains { $0.rules.haveEnds || $0.isOutdated || $0.hasMerged }
        scores = try ScoreSums.loadToAdd(to: contacts(\.needs.scores), ending: haveEnds, in: session)
        counts = try ScoreCounts.load(
            of: newcomers.reduce(into: [:]) { days, newcomer in
                if let counted = newcomer.countedDays { days[newcomer.contact] = .some(counted) }
            }, in: session)
        consents = try Consents.current(of: contacts(\.needsConsents), in: session)
        segments = try SegmentMembers.names(of: contacts { $0.needsSegments && !$0.needsEntries }, in: session)
        members = try SegmentMembers.load(of: contacts(\.needsEntries), in: session)
        personas = try PersonaRows.load(of: contacts(\.needsPersona), in: session)
        histories = try Self.histories(of: newcomers.filter { !$0.needs.events.isEmpty }, now: now, in: session)
        carried = try CarriedScores.load(ofContacts: contacts { !$0.rescoring.models.isEmpty }, in: session)
    }

    /// Reads together those who are asked the same, so that nobody's past is looked through for what others are asked; all
    /// together where there are many kinds of them.
    private static func histories(
        of newcomers: [Person.Newcomer], now: Timestamp, in session: PostgresSession
    ) throws -> [ContactKey: LoggedHistory] {
        let kinds = Dictionary(grouping: newcomers, by: \.kind)
        var histories: [ContactKey: LoggedHistory] = [:]
        for kind in kinds.count > mostKinds ? [newcomers] : Array(kinds.values) {
            let areAlike = kinds.count <= mostKinds && !kind[0].kind.isWhole
            let needs =
                areAlike ? kind[0].needs : kind.reduce(into: StageQuestions.Needs()) { $0.formUnion($1.needs) }
            let earliest = kind.lazy.map { $0.earliest(now) }.min() ?? now
            let read = try EventLog.history(
                of: kind.map(\.contact), names: needs.events, since: needs.windows.mapValues { earliest - $0 },
                properties: kind.contains(where: \.needsProperties),
                context: kind.contains { $0.rescoring.asksContext }, in: session)
            if histories.isEmpty { histories = read } else { histories.merge(read) { first, _ in first } }
        }
        return histories
    }

    private static let mostKinds = 4

    /// The row of a contact; without attributes where nothing asks for them.
    func state(of newcomer: Person.Newcomer) -> Contacts.State {
        var state = states[newcomer.contact] ?? Contacts.State(newcomer.contact)
        state.stage = newcomer.standing.stage
        state.evaluatedRevision = newcomer.standing.evaluatedRevision
        state.objects = newcomer.standing.objects
        return state
    }

    func balances(of contact: ContactKey) -> [String: ScoreBalance] { scores.balances[contact] ?? [:] }

    /// The lists of a model's counted events, as far as they were asked for.
    func counted(of contact: ContactKey, in model: ScoreModel) -> [ScoreBook.Slot: CountedEvents] {
        (counts[contact] ?? [:]).reduce(into: [:]) { lists, list in
            guard list.key.model == model.name else { return }
            lists[ScoreBook.Slot(rule: list.key.rule, day: list.key.day)] = CountedEvents(stored: list.value)
        }
    }

    /// The segments and the persona that a contact has so far; none where nothing asks for them.
    func book(of newcomer: Person.Newcomer) -> SegmentBook {
        SegmentBook(
            newcomer.contact, newcomer.rules.segments, revision: newcomer.rules.revision,
            names: segments[newcomer.contact] ?? [], members: members[newcomer.contact] ?? [],
            persona: personas[newcomer.contact])
    }

    func companies(in workspace: WorkspaceID) -> [String: [String: JSON]] { companies[workspace] ?? [:] }

    /// Whether others have merged into a contact that a public key would describe.
    func isJoined(_ contact: ContactKey) -> Bool { joined.contains(contact) }
    func consents(of contact: ContactKey) -> [Consents.Entry] { consents[contact] ?? [] }
    func history(of contact: ContactKey) -> LoggedHistory { histories[contact] ?? LoggedHistory() }

    /// What events that the log no longer has gave by the rules of a score, of each subject that the contact is.
    func carried(of contact: ContactKey, in model: ScoreModel) -> [CarriedScore] {
        (carried[contact] ?? [:]).scores(by: model)
    }
}

extension Contacts.State {
    fileprivate var companyKey: Companies.Key? {
        membership?.company.map { Companies.Key(workspace: key.workspace, company: $0) }
    }
}
