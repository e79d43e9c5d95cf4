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
        /// Committed with the batch; to be published now.
        var outbox: [Outbox.Row] = []
    }

    /// Some of the names or contacts that the events speak of do not exist yet; see `ContactIntake`.
    struct Strangers: Error {}

    let lane: Lane
    let definitions: DefinitionsCache
    let machineNow: Timestamp
    let session: PostgresSession

    /// - Throws: `Strangers`, having changed nothing.
    func apply(_ events: ArraySlice<AcceptedEvent>, arriving flights: [UniqueID]) throws -> Result {
        let clock = try DomainClock.reading(in: session)
        let subjects = Set(events.map(\.subjectKey))
        var survivors = try Contacts.survivors(of: Array(subjects), in: session)
        guard survivors.count == subjects.count else { throw Strangers() }
        let links = try IdentityLinks(events, survivors: survivors, in: session)
        let standings = try Contacts.lock(Set(survivors.values).union(links.contacts), in: session)
        let tracked = try TrackingConsent(events, survivors, in: session).filter(events)
        let fresh = try EventLog.append(tracked, in: session)
        if clock.mode == .stepped { try Flights.arrive(flights, in: session) }
        let merges = try links.merge(now: clock.now, in: session)
        var result = Result(fresh: fresh.count, untracked: events.count - tracked.count)
        guard !fresh.isEmpty || !merges.survivors.isEmpty else { return result }
        for (subject, survivor) in survivors { survivors[subject] = merges.survivors[survivor] ?? survivor }

        var audience = try LoadedAudience(
            Dictionary(grouping: fresh) { survivors[$0.subjectKey]! }, standings: standings, merges: merges,
            definitions, now: clock.now, in: session)
        let signals = try audience.apply(in: session)
        try audience.save(now: clock.now, in: session)
        result.account = audience.account
        result.outbox = Outbox.Row.signals(signals + (try audience.disturbed(now: clock.now, in: session)), lane)
        try Outbox.add(result.outbox, clock: clock.mode, machineNow: machineNow, in: session)
        CrashPoint.scoringBeforeCommit.pass()
        return result
    }

}

extension Outbox.Row {
    /// Bodies of bounded size for the scheduler. What only a newer release reads comes in bodies of its own.
    static func signals(_ signals: [Signal], _ lane: Lane) -> [Outbox.Row] {
        let kinds = [signals.filter { !$0.cause.isOfSegment }, signals.filter(\.cause.isOfSegment)]
        return kinds.flatMap { signals in
            stride(from: 0, to: signals.count, by: 1000).map { start in
                let batch = SignalBatch(
                    id: .random(), signals: Array(signals[start..<min(start + 1000, signals.count)]))
                return Outbox.Row(
                    id: batch.id, queue: QueueName.signals.rawValue, lane: lane.rawValue, body: batch.encoded)
            }
        }
    }
}

extension AcceptedEvent {
    /// The contact that the event's subject began as.
    var subjectKey: ContactKey { ContactKey(workspace: workspace, contact: subjectID) }

    var position: HistoryPosition { HistoryPosition(at: at, eventID: eventID) }
}
