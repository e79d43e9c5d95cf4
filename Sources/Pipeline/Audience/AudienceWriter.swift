public import Contracts
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
    private let repeated = Counter(label: "loods_events_repeated_total")

    public init(worker: Worker) { self.worker = worker }

    /// Applies events, and marks bodies as arrived in the same transaction.
    public func apply(_ events: ArraySlice<AcceptedEvent>, arriving flights: [UniqueID], lane: Lane) async throws {
        let (pool, cache, clock) = (worker.pool, worker.definitions, worker.clock)
        try await pool.withRepeatedTransaction { session in
            try ContactIntake.ensure(events, in: session)
        }
        let result = try await pool.withRepeatedTransaction { session in
            var batch = AudienceBatch(lane: lane, definitions: cache, machineNow: clock.now, session: session)
            return try batch.apply(events, arriving: flights)
        }
        fresh.increment(by: result.fresh)
        repeated.increment(by: events.count - result.fresh)
        await worker.relay.publish(result.outbox)
    }
}
