public import Contracts
public import Messaging
import Metrics
public import Model
import Postgres
import Store
public import Transit

/// Starts, advances and ends runs: in one transaction a batch, under the locks of its contacts.
public struct JourneyWriter: Sendable {
    private let worker: Worker
    private let started = Counter(label: "loods_runs_started_total")
    private let ended = Counter(label: "loods_runs_ended_total")
    private let planned = Counter(label: "loods_messages_planned_total")
    private let fired = Counter(label: "loods_timers_fired_total")

    public init(worker: Worker) { self.worker = worker }

    /// Lets journeys act on signals, and marks bodies as arrived in the same transaction.
    public func apply(_ signals: ArraySlice<Signal>, arriving flights: [UniqueID], lane: Lane) async throws {
        let (pool, cache, clock) = (worker.pool, worker.definitions, worker.clock)
        let result = try await pool.withRepeatedTransaction { session in
            let batch = JourneyBatch(lane: lane, definitions: cache, machineNow: clock.now, session: session)
            return try batch.apply(Array(signals), arriving: flights)
        }
        await finish(result)
    }

    /// Looks at the runs of up to `limit` contacts whose timers are due.
    ///
    /// - Returns: how many contacts were looked at; fewer than there are due while others hold some of them.
    public func fireTimers(limit: Int32) async throws -> Int {
        let (pool, cache, clock) = (worker.pool, worker.definitions, worker.clock)
        let result = try await pool.withRepeatedTransaction { session in
            let batch = JourneyBatch(lane: .live, definitions: cache, machineNow: clock.now, session: session)
            return try batch.fireTimers(limit: limit)
        }
        fired.increment(by: result.contacts)
        await finish(result)
        return result.contacts
    }

    private func finish(_ result: JourneyBatch.Result) async {
        started.increment(by: result.started)
        ended.increment(by: result.ended)
        planned.increment(by: result.planned)
        await worker.relay.publish(result.outbox)
    }
}
