import Contracts
import CrashPoints
import Expressions
import Messaging
import Model
import Postgres
import Store
import Transit
import Workspaces

/// One transaction that turns a batch of accepted events into facts.
///
/// A handful of statements whatever its size, and only those that its events call for.
struct AudienceBatch {
    struct Result: Sendable {
        /// How many of the events were new.
        var fresh = 0
        /// How many opens and clicks were left out, for want of consent to be tracked.
        var untracked = 0
        var account = AudienceAccount()
        /// How many were of before somebody's erasure.
        var erased = 0
        /// How many were set aside, since the log does not go back to when they were sent.
        var late = 0
        /// Left undone, since they speak of names or contacts that do not exist yet; see `ContactIntake`.
        var strange: [AcceptedEvent] = []
        /// Committed with the batch; to be published now.
        var outbox: [Outbox.Row] = []
    }

    let lane: Lane
    let merges: RememberedMerges
    let rules: RulesCache
    let definitions: DefinitionsCache
    let machineNow: Timestamp
    let session: PostgresSession

    /// - Parameter robots: events that are nobody's, for the log alone.
    func apply(
        _ events: ArraySlice<AcceptedEvent>, and robots: [AcceptedEvent] = [], arriving flights: [UniqueID]
    ) throws -> Result {
        let clock = try DomainClock.reading(in: session)
        let subjects = try LockedSubjects(events.subjects, guessing: merges, in: session)
        var result = Result()
        if !subjects.strangers.isEmpty { result.strange = events.filter(subjects.isStrange) }
        let known = result.strange.isEmpty ? events : events.filter { !subjects.isStrange($0) }[...]
        let events = living(known, subjects.erasedBefore)
        let links = IdentityLinks(events)
        var survivors = subjects.contacts
        let standings = subjects.standings
        let tracked = try TrackingConsent(events, survivors, in: session).filter(events)
        let retention = try PastRetention(tracked + robots, now: clock.now, in: session)
        try SetAside.add(retention.items(lane.rawValue, machineNow: machineNow), in: session)
        let stored = try EventLog.append(
            robots.isEmpty ? retention.taken : retention.taken.map(\.withoutRobot), in: session)
        let fresh = robots.isEmpty ? stored : stored.filter { !$0.isNobodys }
        if clock.mode == .stepped, result.strange.isEmpty { try Flights.arrive(flights, in: session) }
        let merges = try links.settle(
            fresh, survivors: survivors, standings: standings, now: clock.now, in: session)
        self.merges.note(merges.survivors.merging(merges.moved) { $1 })
        result.fresh = stored.count
        result.untracked = events.count - tracked.count
        result.erased = known.count - events.count
        result.late = retention.late.count
        guard !fresh.isEmpty else { return result }
        if !merges.isEmpty {
            for (subject, contact) in survivors { survivors[subject] = merges.contact(of: subject, before: contact) }
        }
        try CompanyFacts(fresh)?.save(now: clock.now, in: session)

        let audience = try LoadedAudience(
            Dictionary(grouping: fresh) { survivors[$0.subjectKey]! }, standings: standings, merges: merges,
            rules, definitions, now: clock.now, in: session)
        let signals = try audience.apply(in: session)
        try audience.save(now: clock.now, in: session)
        result.account = audience.account
        result.outbox = Outbox.Row.signals(signals + (try audience.disturbed(now: clock.now, in: session)), lane)
        try Outbox.add(result.outbox, clock: clock.mode, machineNow: machineNow, in: session)
        CrashPoint.scoringBeforeCommit.pass()
        return result
    }

    /// The events that are not of before somebody's erasure.
    private func living(
        _ events: ArraySlice<AcceptedEvent>, _ erased: [ContactKey: Timestamp]
    ) -> ArraySlice<AcceptedEvent> {
        erased.isEmpty ? events : events.compactMap { $0.since(erased) }[...]
    }
}

extension Outbox.Row {
    /// Bodies of bounded size for the scheduler. What only a newer release reads comes in bodies of its own.
    static func signals(_ signals: [Signal], _ lane: Lane) -> [Outbox.Row] {
        let kinds = Dictionary(grouping: signals, by: \.cause.version)
        return kinds.sorted { $0.key < $1.key }.map(\.value).flatMap { signals in
            stride(from: 0, to: signals.count, by: 1000).map { start in
                let batch = SignalBatch(
                    id: .random(), signals: Array(signals[start..<min(start + 1000, signals.count)]))
                return Outbox.Row(
                    id: batch.id, queue: QueueName.signals.rawValue, lane: lane.rawValue, body: batch.encoded)
            }
        }
    }
}

extension Sequence<AcceptedEvent> {
    /// Whom the events speak of, and link to them.
    var subjects: Set<ContactKey> {
        var subjects = Set<ContactKey>(minimumCapacity: underestimatedCount)
        for event in self {
            subjects.insert(event.subjectKey)
            if !event.aliases.isEmpty { subjects.formUnion(event.linkedSubjects) }
        }
        return subjects
    }
}

extension AcceptedEvent {
    /// The contact that the event's subject began as.
    var subjectKey: ContactKey { ContactKey(workspace: workspace, contact: subjectID) }

    var position: HistoryPosition { HistoryPosition(at: at, eventID: eventID) }
}
