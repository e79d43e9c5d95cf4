import Logging
import Messaging
import Postgres
import Store
import Synchronization
import Transit

extension JourneyWriter {
    /// Runs in one transaction.
    private static let turnBatch: Int32 = 500

    /// Lets runs begin whose turn it is, until none is left.
    public func takeTurns() async throws {
        while !Task.isCancelled, try await takeTurns(limit: Self.turnBatch) {}
    }

    /// - Returns: whether somebody's turn had come.
    private func takeTurns(limit: Int32) async throws -> Bool {
        let met = Mutex<Pauses.Place?>(nil)
        do {
            let turn = try await transact { batch in
                try batch.takeTurns(limit: limit) { place in met.withLock { $0 = place } }
            }
            guard let turn else { return false }
            if let fault = turn.fault {
                worker.logger.error(
                    "runs that wait for their turn are put off",
                    metadata: ["journey": "\(turn.place.journey)", "reason": "\(fault)"])
            }
            await finish(turn.result)
            return true
        } catch  where !worker.isTransient(error) {
            guard let place = met.withLock({ $0 }) else { throw error }
            guard limit > 1 else {
                worker.logger.error(
                    "a run cannot begin and is put off",
                    metadata: ["journey": "\(place.journey)", "reason": "\(error)"])
                _ = try await transact { batch in
                    try batch.passOverFirst(of: place)
                    return nil
                }
                return true
            }
            return try await takeTurns(limit: max(1, limit / 8))
        }
    }

    private func transact(
        _ body: @Sendable (JourneyBatch) throws -> JourneyBatch.Turn?
    ) async throws -> JourneyBatch.Turn? {
        let (cache, clock, worker) = (worker.definitions, worker.clock, worker)
        return try await worker.pool.withRepeatedTransaction { session in
            try body(
                JourneyBatch(worker: worker, lane: .live, definitions: cache, machineNow: clock.now, session: session))
        }
    }
}
