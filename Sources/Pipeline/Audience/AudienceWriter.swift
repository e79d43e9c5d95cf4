public import Contracts
import CrashPoints
import Expressions
public import Messaging
import Metrics
public import Model
import Postgres
import Store
public import Transit
import Workspaces

/// Makes accepted events facts: log, contacts, attributes, consents, scores and stages, and signals what it led to.
///
/// One transaction a batch. Every effect has a natural key, so a batch that comes twice changes nothing.
public struct AudienceWriter: Sendable {
    private let worker: Worker
    private let fresh = Counter(label: "loods_events_stored_total")
    private let untracked = Counter(label: "loods_events_untracked_total")
    private let erased = Counter(label: "loods_events_erased_total")
    private let repeated = Counter(label: "loods_events_repeated_total")
    private let setAside = Counter(label: "loods_set_aside_total", dimensions: [("queue", "events")])
    private let tally = AudienceTally()
    let merges = RememberedMerges()
    private let rules: RulesCache

    public init(worker: Worker) {
        self.worker = worker
        rules = RulesCache(worker.definitions)
    }

    /// Applies events, and marks bodies as arrived in the transaction that applies the last of them.
    ///
    /// What speaks of strangers comes in a second transaction, once there are contacts of them, and is harmless when the whole
    /// comes again. Somebody may be erased in between.
    public func apply(_ events: ArraySlice<AcceptedEvent>, arriving flights: [UniqueID], lane: Lane) async throws {
        CrashItem.event.handle(events.lazy.map(\.name))
        try ReservedEvent.refuse(in: events)
        var robots = events.filter(\.isRobots)
        var rest = robots.isEmpty ? events : events.filter { !$0.isRobots }[...]
        for _ in 0..<Self.mostRounds {
            do {
                let result = try await write(rest, and: robots, arriving: flights, lane: lane)
                note(result, of: rest.count + robots.count - result.strange.count)
                await worker.relay.publish(result.outbox)
                if result.strange.isEmpty { return }
                (rest, robots) = (try await introduce(result.strange)[...], [])
            } catch let error as PostgresError where error.constraint == "past_retention" {
                // A part of the log was sealed meanwhile: now the horizon says so.
                continue
            }
        }
        throw StoreError.mergedMeanwhile
    }

    private static let mostRounds = 8

    /// Makes names and contacts.
    ///
    /// - Returns: the events that are not of before somebody's erasure.
    private func introduce(_ strange: [AcceptedEvent]) async throws -> [AcceptedEvent] {
        let key = worker.erasureKey
        let living = try await worker.pool.withRepeatedTransaction { session in
            try ContactIntake.ensure(strange[...], knowingErasedBy: key, in: session)
        }
        erased.increment(by: strange.count - living.count)
        CrashPoint.scoringAfterIdentities.pass()
        return living
    }

    private func note(_ result: AudienceBatch.Result, of events: Int) {
        fresh.increment(by: result.fresh)
        untracked.increment(by: result.untracked)
        tally.add(result.account)
        erased.increment(by: result.erased)
        repeated.increment(by: events - result.fresh - result.untracked - result.erased - result.late)
        if result.late > 0 { setAside.increment(by: result.late) }
    }

    private func write(
        _ events: ArraySlice<AcceptedEvent>, and robots: [AcceptedEvent], arriving flights: [UniqueID], lane: Lane
    ) async throws -> AudienceBatch.Result {
        let (cache, clock, key, merges, rules) = (worker.definitions, worker.clock, worker.erasureKey, merges, rules)
        return try await worker.pool.withRepeatedTransaction { session in
            let batch = AudienceBatch(
                lane: lane, merges: merges, rules: rules, definitions: cache, machineNow: clock.now, session: session)
            let robots = try RobotEvents.kept(robots, knowingErasedBy: key, in: session)
            return try batch.apply(events, and: robots, arriving: flights)
        }
    }
}
