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
    private let balances: [ContactKey: [String: ScoreBalance]]
    private let counts: [ContactKey: [ScoreCounts.Slot: [HistoryPosition]]]
    private let consents: [ContactKey: [Consents.Entry]]
    private let histories: [ContactKey: LoggedHistory]
    private let carried: [ContactKey: [CarriedScores.Key: CarriedScores.Entry]]
    private let joined: Set<ContactKey>
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
        balances = try ScoreSums.load(of: contacts(\.needs.scores), in: session)
        counts = try ScoreCounts.load(
            of: newcomers.reduce(into: [:]) { days, newcomer in
                if let counted = newcomer.countedDays { days[newcomer.contact] = .some(counted) }
            }, in: session)
        consents = try Consents.current(of: contacts(\.needsConsents), in: session)
        members = try SegmentMembers.load(of: contacts(\.needsSegments), in: session)
        personas = try PersonaRows.load(of: contacts(\.needsPersona), in: session)
        let needs = newcomers.reduce(into: StageQuestions.Needs()) { $0.formUnion($1.needs) }
        let earliest = newcomers.lazy.map { $0.earliest(now) }.min() ?? now
        histories = try EventLog.history(
            of: contacts { !$0.needs.events.isEmpty }, names: needs.events,
            since: needs.windows.mapValues { earliest - $0 }, properties: newcomers.contains(where: \.needsProperties),
            context: newcomers.contains { $0.rescoring.asksContext }, in: session)
        carried = try CarriedScores.load(ofContacts: contacts { !$0.rescoring.models.isEmpty }, in: session)
    }

    /// The row of a contact; without attributes where nothing asks for them.
    func state(of newcomer: Person.Newcomer) -> Contacts.State {
        var state = states[newcomer.contact] ?? Contacts.State(newcomer.contact)
        state.stage = newcomer.standing.stage
        state.evaluatedRevision = newcomer.standing.evaluatedRevision
        state.objects = newcomer.standing.objects
        return state
    }

    func balances(of contact: ContactKey) -> [String: ScoreBalance] { balances[contact] ?? [:] }

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
            members: members[newcomer.contact] ?? [],
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
