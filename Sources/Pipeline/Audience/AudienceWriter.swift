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
    private let repeated = Counter(label: "loods_events_repeated_total")
    private let tally = AudienceTally()

    public init(worker: Worker) { self.worker = worker }

    /// Applies events, and marks bodies as arrived in the same transaction.
    public func apply(_ events: ArraySlice<AcceptedEvent>, arriving flights: [UniqueID], lane: Lane) async throws {
        CrashItem.event.handle(events.lazy.map(\.name))
        let result: AudienceBatch.Result
        do {
            result = try await write(events, arriving: flights, lane: lane)
        } catch is AudienceBatch.Strangers {
            try await worker.pool.withRepeatedTransaction { try ContactIntake.ensure(events, in: $0) }
            CrashPoint.scoringAfterIdentities.pass()
            result = try await write(events, arriving: flights, lane: lane)
        }
        fresh.increment(by: result.fresh)
        untracked.increment(by: result.untracked)
        repeated.increment(by: events.count - result.fresh - result.untracked)
        tally.add(result.account)
        await worker.relay.publish(result.outbox)
    }

    private func write(
        _ events: ArraySlice<AcceptedEvent>, arriving flights: [UniqueID], lane: Lane
    ) async throws -> AudienceBatch.Result {
        let (cache, clock) = (worker.definitions, worker.clock)
        return try await worker.pool.withRepeatedTransaction { session in
            let batch = AudienceBatch(lane: lane, definitions: cache, machineNow: clock.now, session: session)
            return try batch.apply(events, arriving: flights)
        }
    }
}
