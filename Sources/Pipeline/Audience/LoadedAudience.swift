import Contracts
import Expressions
import Model
import Postgres
import Store
import Transit
import Workspaces

/// The contacts of a batch with all that rules ask about them, changed event by event and written back together.
struct LoadedAudience {
    private var people: [ContactKey: Person] = [:]
    private let workspaces: [WorkspaceID: LiveWorkspace]
    private let openRuns: [ContactKey: Set<String>]

    /// A workspace's live definitions, and the events on which its journeys start.
    struct LiveWorkspace {
        let revision: Int32
        let workspace: Workspace
        let entryEvents: Set<String>
    }

    /// Loads `contacts`, whose locks are held: revisions and open runs are read after them.
    ///
    /// - Parameter stages: which contacts that have just merged into them held.
    init(
        _ contacts: Set<ContactKey>, holding stages: [ContactKey: [String]], names definitions: DefinitionsCache,
        now: Timestamp, in session: PostgresSession
    ) throws {
        let ids = Array(Set(contacts.map(\.workspace)))
        var live: [WorkspaceID: LiveWorkspace] = [:]
        for (id, revision) in try WorkspaceRegister.revisions(of: ids, in: session) {
            let workspace = try definitions.workspace(id, revision: revision, in: session)
            live[id] = LiveWorkspace(
                revision: revision, workspace: workspace, entryEvents: workspace.entryEvents)
        }
        workspaces = live
        openRuns = try Self.interest(of: contacts, definitions, in: session)
        let states = try Contacts.states(of: contacts, in: session)
        let sums = try ScoreSums.load(of: contacts, in: session)
        let consents = try Consents.current(of: contacts, in: session)
        let stageEvents = live.values.reduce(into: Set<String>()) { $0.formUnion($1.workspace.stageEvents) }
        let history = try EventLog.history(of: contacts, names: stageEvents, in: session)
        for contact in contacts {
            guard let state = states[contact], let definitions = live[contact.workspace] else { continue }
            var person = Person(
                state: state, consents: consents[contact] ?? [], sums: sums[contact] ?? [],
                history: history[contact] ?? [], workspace: definitions.workspace,
                revision: definitions.revision, now: now)
            for stage in stages[contact] ?? [] { person.take(stage: stage) }
            people[contact] = person
        }
    }

    /// The events that open runs of each contact look at.
    private static func interest(
        of contacts: Set<ContactKey>, _ definitions: DefinitionsCache, in session: PostgresSession
    ) throws -> [ContactKey: Set<String>] {
        try Runs.openVersions(of: contacts, in: session).reduce(into: [:]) { interest, open in
            for (journey, version) in open.value {
                let revision = try definitions.revision(
                    of: journey, version: version, in: open.key.workspace, session: session)
                let workspace = try definitions.workspace(open.key.workspace, revision: revision, in: session)
                let events = workspace.journey(named: journey)?.journey.interest ?? []
                interest[open.key, default: []].formUnion(events)
            }
        }
    }

    /// Applies new events of one contact in (time, event id) order.
    ///
    /// - Returns: what the scheduler must hear of.
    mutating func apply(_ events: [AcceptedEvent], to contact: ContactKey) throws -> [Signal] {
        guard var person = people[contact], let live = workspaces[contact.workspace] else { return [] }
        var signals: [Signal] = []
        let interest = live.entryEvents.union(openRuns[contact] ?? [])
        person.expect(Set(events.map(\.position)))
        for event in events.sorted(by: { $0.position < $1.position }) {
            let reached = try person.apply(event)
            guard event.effect == .live else { continue }
            if interest.contains(event.name) || interest.contains(JourneyInterest.anything) {
                signals.append(event.signal(to: contact))
            }
            if let reached { signals.append(event.signal(to: contact, reached)) }
        }
        people[contact] = person
        return signals
    }

    /// Events already in the log whose place in the history has changed because an earlier one came late: their entry
    /// conditions are asked again. An entry taken before stays the only one of its key.
    func disturbed(
        by events: [ContactKey: [AcceptedEvent]], in session: PostgresSession
    ) throws -> [Signal] {
        let fresh = Set(events.values.joined().map { Occurrence(subject: $0.subjectID, position: $0.position) })
        return try workspaces.flatMap { id, live -> [Signal] in
            let places = events.filter { $0.key.workspace == id }.compactMapValues { events in
                events.filter { $0.effect == .live }.map(\.position).min()
            }
            return try EventLog.later(than: places, names: live.entryEvents, in: session)
                .filter { !fresh.contains(Occurrence(subject: $0.subject, position: $0.position)) }
                .map {
                    Signal(
                        contact: $0.contact, cause: .event, at: $0.position.at, eventID: $0.position.eventID ?? "",
                        subject: $0.subject, name: $0.name)
                }
        }
    }

    private struct Occurrence: Hashable {
        var subject: UniqueID
        var position: HistoryPosition
    }

    /// Writes everything that changed.
    func save(now: Timestamp, in session: PostgresSession) throws {
        try Contacts.save(people.values.filter(\.isChanged).map(\.state), in: session)
        try ScoreSums.add(people.values.flatMap(\.addends), in: session)
        try Stages.append(people.values.flatMap(\.reached), now: now, in: session)
        try Consents.append(people.values.flatMap(\.ledger), now: now, in: session)
        try Withdrawals.withdraw(people.values.flatMap(\.withdrawals), now: now, in: session)
    }
}

extension AcceptedEvent {
    var position: HistoryPosition { HistoryPosition(at: at, eventID: eventID) }

    fileprivate func signal(to contact: ContactKey) -> Signal {
        Signal(contact: contact, cause: .event, at: at, eventID: eventID, subject: subjectID, name: name)
    }

    fileprivate func signal(to contact: ContactKey, _ reached: Stages.Reached) -> Signal {
        Signal(
            contact: contact, cause: .stage(reached.stage), at: reached.at, eventID: reached.eventID,
            subject: subjectID, name: name)
    }
}
