import Contracts
import Expressions
import Model
import Postgres
import Store
import Transit
import Workspaces

/// The contacts of a batch with what rules ask about them, changed event by event and written back together.
struct LoadedAudience {
    private var people: [ContactKey: Person] = [:]
    private let events: [ContactKey: [AcceptedEvent]]
    private let merged: Set<ContactKey>
    private let rules: [WorkspaceID: AudienceRules]
    private let openRuns: [ContactKey: Set<String>]

    /// Loads the contacts of `events`, which are in the log by now, and those that others have just merged into. All their
    /// locks are held: everything is read after them, and only what some question needs.
    init(
        _ events: [ContactKey: [AcceptedEvent]], standings: [ContactKey: Contacts.Standing],
        merges: IdentityLinks.Merges, _ definitions: DefinitionsCache, now: Timestamp, in session: PostgresSession
    ) throws {
        self.events = events
        merged = Set(merges.survivors.values)
        let contacts = Set(events.keys).union(merged)
        rules = try Self.rules(of: Set(contacts.map(\.workspace)), definitions, in: session)
        openRuns = try Self.interest(of: contacts, definitions, in: session)
        let rescorings = try Rescorings(rules, standings: standings, merges: merges, definitions, in: session)
        var newcomers: [Person.Newcomer] = []
        for contact in contacts {
            guard let rules = rules[contact.workspace], let standing = standings[contact] else { continue }
            newcomers.append(
                Person.Newcomer(
                    contact, standing, heldBefore: merges.stages[contact] ?? [], hasMerged: merged.contains(contact),
                    rescoring: rescorings.rescoring(of: contact), events: events[contact] ?? [], rules: rules))
        }
        let facts = try LoadedFacts(for: newcomers, in: session)
        for newcomer in newcomers { people[newcomer.contact] = try Person(newcomer, facts, now: now) }
    }

    private static func rules(
        of workspaces: Set<WorkspaceID>, _ definitions: DefinitionsCache, in session: PostgresSession
    ) throws -> [WorkspaceID: AudienceRules] {
        var rules: [WorkspaceID: AudienceRules] = [:]
        for (id, revision) in try WorkspaceRegister.revisions(of: Array(workspaces), in: session) {
            rules[id] = AudienceRules(
                try definitions.workspace(id, revision: revision, in: session), revision: revision)
        }
        return rules
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

    /// Applies the events of each contact in (time, event id) order.
    ///
    /// - Returns: what the scheduler must hear of.
    mutating func apply() throws -> [Signal] {
        var signals: [Signal] = []
        for (contact, events) in events.sorted(by: { $0.key < $1.key }) {
            guard var person = people[contact], let rules = rules[contact.workspace] else { continue }
            let interest = rules.entryEvents.union(openRuns[contact] ?? [])
            for event in events.sorted(by: { $0.position < $1.position }) {
                let reached = try person.apply(event)
                guard event.effect == .live else { continue }
                if interest.contains(event.name) || interest.contains(JourneyInterest.anything) {
                    signals.append(event.signal(to: contact))
                }
                if let reached { signals.append(event.signal(to: contact, reached)) }
            }
            people[contact] = person
        }
        return signals
    }

    /// What the scheduler must look at again because the past of a contact has changed: a late event stands before others,
    /// or two histories have become one.
    ///
    /// Entry conditions that look back are asked again for the events behind; an entry taken before stays the only one of
    /// its key. Runs of merged contacts are looked at once more, for what the other one did may be what they wait for.
    func disturbed(now: Timestamp, in session: PostgresSession) throws -> [Signal] {
        let fresh = Set(events.values.joined().map { Occurrence(subject: $0.subjectID, position: $0.position) })
        var signals = merged.filter { openRuns[$0] != nil }.sorted().map { contact in
            Signal(
                contact: contact, cause: .event, at: now, eventID: "", subject: contact.contact,
                name: EventNames.aliased)
        }
        for (id, rules) in rules {
            var places: [ContactKey: HistoryPosition] = [:]
            var names: Set<String> = []
            for (contact, events) in events where contact.workspace == id {
                let live = events.filter { $0.effect == .live }
                let entries = rules.entries(lookingBackAt: live.lazy.map(\.name))
                guard !entries.isEmpty else { continue }
                names.formUnion(entries)
                places[contact] = live.map(\.position).min()
            }
            for contact in merged where contact.workspace == id && !rules.historicEntries.isEmpty {
                names.formUnion(rules.historicEntries)
                places[contact] = HistoryPosition(at: .distantPast, eventID: "")
            }
            signals += try EventLog.later(than: places, names: names, in: session)
                .filter { !fresh.contains(Occurrence(subject: $0.subject, position: $0.position)) }
                .map {
                    Signal(
                        contact: $0.contact, cause: .event, at: $0.position.at, eventID: $0.position.eventID ?? "",
                        subject: $0.subject, name: $0.name)
                }
        }
        return signals
    }

    private struct Occurrence: Hashable {
        var subject: UniqueID
        var position: HistoryPosition
    }

    /// Writes everything that changed.
    func save(now: Timestamp, in session: PostgresSession) throws {
        let people = people.values
        try Contacts.describe(people.filter(\.isDescribed).map(\.state), in: session)
        try Contacts.advance(
            people.filter(\.hasAdvanced).reduce(into: [:]) { $0[$1.state.key] = $1.standing }, in: session)
        try ScoreSums.clear(people.flatMap(\.scoring.cleared), in: session)
        try ScoreSums.add(people.flatMap(\.scoring.addends), now: now, in: session)
        try ScoreCounts.save(people.flatMap(\.scoring.counts), in: session)
        try Stages.append(people.flatMap(\.reached), now: now, in: session)
        try Consents.append(people.flatMap(\.ledger), now: now, in: session)
        try Withdrawals.withdraw(people.flatMap(\.withdrawals), now: now, in: session)
    }
}

extension AcceptedEvent {
    fileprivate func signal(to contact: ContactKey) -> Signal {
        Signal(contact: contact, cause: .event, at: at, eventID: eventID, subject: subjectID, name: name)
    }

    fileprivate func signal(to contact: ContactKey, _ reached: Stages.Reached) -> Signal {
        Signal(
            contact: contact, cause: .stage(reached.stage), at: reached.at, eventID: reached.eventID,
            subject: subjectID, name: name)
    }
}
