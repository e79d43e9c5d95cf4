import Contracts
import Expressions
import JourneyProgram
import Model
import Postgres
import Store
import Transit
import Workspaces

/// The contacts of a batch with what rules ask about them, changed event by event and written back together.
struct LoadedAudience {
    /// In the order of contacts.
    private let people: [Person]
    private let bystanders: [Bystander]
    private let scores: ScoreSums.Loaded
    private let events: [ContactKey: [AcceptedEvent]]
    private let merged: Set<ContactKey>
    private let occasions: [ContactKey: Person.Newcomer.Occasion]
    private let rules: [WorkspaceID: AudienceRules]
    private let openRuns: [ContactKey: Set<String>]

    /// Loads the contacts of `events`, which are in the log by now, those that others have just merged into, and those that
    /// are looked at for another reason. All their locks are held: everything is read after them, and only what some question
    /// needs.
    init(
        _ events: [ContactKey: [AcceptedEvent]] = [:], occasions: [ContactKey: Person.Newcomer.Occasion] = [:],
        standings: [ContactKey: Contacts.Standing], merges: IdentityLinks.Outcome = IdentityLinks.Outcome(),
        _ cache: RulesCache, _ definitions: DefinitionsCache, now: Timestamp, in session: PostgresSession
    ) throws {
        self.events = events
        self.occasions = occasions
        merged = merges.stirred
        let contacts = Set(events.keys).union(merged).union(occasions.keys)
        var evaluated: [WorkspaceID: Set<Int32>] = [:]
        for contact in contacts {
            guard let standing = standings[contact] else { continue }
            evaluated[contact.workspace, default: []].insert(standing.evaluatedRevision)
        }
        rules = try cache.live(for: evaluated, in: session)
        var interests: [WorkspaceID: RunInterests.Interest] = [:]
        for (workspace, rules) in rules {
            interests[workspace] = try cache.runs.interest(in: workspace, revision: rules.revision, session: session)
        }
        let concerned = contacts.filter { contact in
            guard let interest = interests[contact.workspace] else { return true }
            return merges.stirred.contains(contact) || interest.isInSegments
                || (events[contact] ?? []).contains { interest.isIn($0.name) }
        }
        openRuns = try Self.interest(of: concerned, definitions, in: session)
        let speaking = try Consents.speakingOfProfiling(of: merged, in: session)
        let rescorings = try Rescorings(rules, standings: standings, merges: merges, definitions, in: session)
        var newcomers: [Person.Newcomer] = []
        var bystanders: [Bystander] = []
        for contact in contacts.sorted() {
            guard let rules = rules[contact.workspace], let standing = standings[contact] else { continue }
            if occasions[contact] == nil, !merged.contains(contact), !merges.recounted.contains(contact),
                let bystander = try Bystander(contact, events[contact] ?? [], standing, rules)
            {
                bystanders.append(bystander)
                continue
            }
            let speaks = (events[contact] ?? []).contains(where: \.maySpeakOfProfiling)
            let countsAfresh = speaks || speaking.contains(contact) || merges.recounted.contains(contact)
            let rescoring = rescorings.rescoring(of: contact, all: countsAfresh ? rules.workspace.scores : [])
            newcomers.append(
                Person.Newcomer(
                    contact, standing, heldBefore: merges.stages[contact] ?? [], hasMerged: merged.contains(contact),
                    rescoring: rescoring, countsAfresh: countsAfresh, events: events[contact] ?? [],
                    occasion: occasions[contact] ?? .events, rules: rules))
        }
        let facts = try LoadedFacts(for: newcomers, now: now, in: session)
        people = try newcomers.map { try Person($0, facts, now: now) }
        scores = facts.scores
        self.bystanders = bystanders
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

    /// Applies the events of each contact in (time, event id) order, or looks at it for the reason that it was loaded for.
    ///
    /// - Returns: what the scheduler must hear of.
    func apply(in session: PostgresSession) throws -> [Signal] {
        var signals: [Signal] = []
        for person in people {
            let contact = person.contact
            for event in (events[contact] ?? []).sorted(by: { $0.position < $1.position }) {
                let reached = try person.apply(event)
                guard event.effect == .live else { continue }
                if isOfInterest(event, of: contact) { signals.append(event.signal(to: contact)) }
                if let reached { signals.append(event.signal(to: contact, reached)) }
            }
            var due: Timestamp?
            if case .wake(let instant) = occasions[contact] { due = instant }
            if let due, let reached = person.wake(at: due) { signals.append(Signal(contact, reached)) }
            let described = events[contact]?.lazy.filter { $0.effect == .live && $0.mayDescribe }.map(\.at).min()
            signals += person.datesCome(wokenAt: due, describedAt: described)
                .map { Signal(contact, $0.occurrence, startsWith: $0.journey) }
            person.settle(occasions[contact] == .backfill ? .backfill : .event)
        }
        for bystander in bystanders {
            let heard = bystander.events.filter { $0.effect == .live && isOfInterest($0, of: bystander.contact) }
            signals += heard.sorted { $0.position < $1.position }.map { $0.signal(to: bystander.contact) }
        }
        try numberMoves(in: session)
        return signals + moveSignals
    }

    /// Whether a journey may start with an event, or a run of the contact's looks at it.
    private func isOfInterest(_ event: AcceptedEvent, of contact: ContactKey) -> Bool {
        if rules[contact.workspace]?.entryEvents.contains(event.name) == true { return true }
        guard let interest = openRuns[contact] else { return false }
        return interest.contains(event.name) || interest.contains(JourneyInterest.anything)
    }

    private func numberMoves(in session: PostgresSession) throws {
        let moved = people.filter { !$0.book.entries.isEmpty }
        guard !moved.isEmpty else { return }
        let ordinals = try SegmentMembers.ordinals(of: Set(moved.lazy.flatMap(\.book.entered)), in: session)
        let left = try SegmentMembers.memberships(at: moved.flatMap(\.book.leftUnseen), in: session)
        for person in moved { person.number(after: ordinals, left) }
    }

    /// The moves that journeys start with, and those that open runs ask about.
    private var moveSignals: [Signal] {
        people.flatMap { person -> [Signal] in
            guard let rules = rules[person.contact.workspace] else { return [] }
            return person.book.entries.compactMap { entry in
                guard entry.isSignalled else { return nil }
                let isWatched = openRuns[person.contact]?.contains(JourneyInterest.segment(entry.move.segment)) == true
                let mayStart = rules.mayStart(entry.move)
                return isWatched || mayStart ? Signal(entry.move, mayStart: mayStart) : nil
            }
        }
    }

    /// What came of it, for the metrics.
    var account: AudienceAccount {
        var account = AudienceAccount()
        for person in people {
            account.evaluations += person.book.evaluations
            account.conditions += person.book.conditions
            account.changed += person.hasChanged ? 1 : 0
            for entry in person.book.entries { account.moves[entry.move.cause, default: 0] += 1 }
        }
        return account
    }

    /// What the scheduler must look at again because the past of a contact has changed: a late event stands before others,
    /// or two histories have become one.
    ///
    /// Entry conditions that look back are asked again for the events behind; an entry taken before stays the only one of
    /// its key. Runs of merged contacts are looked at once more, for what the other one did may be what they wait for.
    func disturbed(now: Timestamp, in session: PostgresSession) throws -> [Signal] {
        var signals = merged.filter { openRuns[$0] != nil }.sorted().map { contact in
            Signal(
                contact: contact, cause: .event, at: now, eventID: "", subject: contact.contact,
                name: EventNames.aliased)
        }
        for (id, rules) in rules where !rules.historicEntries.isEmpty {
            var places: [ContactKey: HistoryPosition] = [:]
            var names: Set<String> = []
            for (contact, events) in events where contact.workspace == id {
                let live = events.filter { $0.effect == .live }
                let entries = rules.entries(lookingBackAt: live.lazy.map(\.name))
                guard !entries.isEmpty else { continue }
                names.formUnion(entries)
                places[contact] = live.map(\.position).min()
            }
            for contact in merged where contact.workspace == id {
                names.formUnion(rules.historicEntries)
                places[contact] = HistoryPosition(at: .distantPast, eventID: "")
            }
            guard !places.isEmpty else { continue }
            let fresh = Set(events.values.joined().map(\.occurrence))
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

    /// Writes everything that changed.
    func save(now: Timestamp, in session: PostgresSession) throws {
        try Contacts.describe(people.filter(\.isDescribed).map(\.state), in: session)
        try Contacts.advance(
            people.filter(\.hasAdvanced).reduce(into: [:]) { $0[$1.contact] = $1.standing }, in: session)
        let cleared = people.flatMap(\.clearedScores)
        try ScoreSums.clear(cleared, in: session)
        try ScoreSums.add(
            people.flatMap(\.addends) + bystanders.flatMap(\.addends),
            to: cleared.isEmpty ? scores : ScoreSums.Loaded(), now: now, in: session)
        try ScoreCounts.save(people.flatMap(\.counts), in: session)
        try Stages.append(people.flatMap(\.reached), now: now, in: session)
        try Consents.append(people.flatMap(\.ledger), now: now, in: session)
        try Withdrawals.withdraw(people.flatMap(\.withdrawals), now: now, in: session)
        try SegmentMembers.apply(people.flatMap { $0.book.entries.map(\.move) }, now: now, in: session)
        try PersonaRows.save(people.filter(\.book.hasNewPersona).map(\.book.persona), in: session)
        try arm(in: session)
    }

    /// Who was woken has no wake any more, and was asked all that time can change; of others only what is earlier counts.
    private func arm(in session: PostgresSession) throws {
        let armed = people.reduce(into: [ContactKey: Timestamp]()) { $0[$1.contact] = $1.steadyUntil }
        try Wakes.arm(armed, in: session)
    }
}

/// What looking at contacts took and came to.
struct AudienceAccount: Sendable {
    /// Times that a contact's segments and persona were looked at, and conditions that this took.
    var evaluations = 0
    var conditions = 0
    /// Contacts in another stage or segment, or with another persona.
    var changed = 0
    var moves: [SegmentMembers.Cause: Int] = [:]
}

extension Signal {
    /// A stage that time alone, or a definition, has brought.
    fileprivate init(_ contact: ContactKey, _ reached: Stages.Reached) {
        self.init(
            contact: contact, cause: .stage(reached.stage), at: reached.at, eventID: reached.eventID,
            subject: contact.contact, name: "Stage Reached")
    }

    fileprivate init(_ contact: ContactKey, _ date: ContactDate.Occurrence, startsWith journey: String) {
        self.init(
            contact: contact, cause: .date(journey: journey, key: date.key), at: date.at, eventID: "",
            subject: contact.contact, name: "Date Reached")
    }

    /// - Parameter mayStart: whether a journey may start with it.
    fileprivate init(_ move: SegmentMembers.Move, mayStart: Bool) {
        let isBackfill = move.cause == .backfill
        let entered = Cause.entered(segment: move.segment, ordinal: move.ordinal, isBackfill: isBackfill)
        // The release before reads of leaving no more than that.
        let left: Cause =
            mayStart
            ? .left(segment: move.segment, ordinal: move.ordinal, isBackfill: isBackfill) : .left(segment: move.segment)
        self.init(
            contact: move.contact, cause: move.isEntry ? entered : left, at: move.at,
            eventID: move.eventID ?? "", subject: move.contact.contact,
            name: move.isEntry ? "Segment Entered" : "Segment Left")
    }
}

extension AcceptedEvent {
    /// Whether the event may begin an objection to profiling, or end one: what is counted then begins with the log, and all
    /// that depends on it is asked.
    fileprivate var maySpeakOfProfiling: Bool {
        EventNames.consents.contains(name) && properties.mayMention("profiling")
    }

    fileprivate func signal(to contact: ContactKey) -> Signal {
        Signal(contact: contact, cause: .event, at: at, eventID: eventID, subject: subjectID, name: name)
    }

    fileprivate func signal(to contact: ContactKey, _ reached: Stages.Reached) -> Signal {
        Signal(
            contact: contact, cause: .stage(reached.stage), at: reached.at, eventID: reached.eventID,
            subject: subjectID, name: name)
    }
}
