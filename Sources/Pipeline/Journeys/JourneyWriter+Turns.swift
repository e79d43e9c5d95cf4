import JourneyProgram
import Logging
import Messaging
import Model
import Postgres
import ServiceLifecycle
import Store
import Synchronization
import Transit

extension JourneyWriter {
    /// Runs in one transaction.
    private static let turnBatch: Int32 = 500

    /// Lets runs begin whose turn it is, until none is left, or for so long: what else a loop does has its turn too.
    ///
    /// - Parameter patience: it begins nothing more once this is over.
    public func takeTurns(for patience: Duration? = nil) async throws {
        let end = patience.map { ContinuousClock.now + $0 }
        while !Task.isCancelled, !Task.isShuttingDownGracefully, try await takeTurns(limit: Self.turnBatch) {
            if let end, ContinuousClock.now >= end { return }
        }
    }

    /// Has runs, and members of broadcasts, wait no longer than the live throttle says, where an earlier one let them wait for
    /// longer.
    public func relaxTurns() async throws {
        let (cache, clock) = (worker.definitions, worker.clock)
        try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            var live = LiveThrottles(cache, in: session)
            for var standing in try Turns.takeAhead(of: now + .seconds(1), in: session) {
                guard let journey = try live.journey(standing.place.journey, in: standing.place.workspace),
                    case let soonest = now + (journey.throttle?.interval ?? .zero), standing.nextAt > soonest
                else { continue }
                // The last has begun by now, so that none begins sooner after it than the throttle says.
                standing.nextAt = soonest
                try Turns.save(standing, machineNow: clock.now, in: session)
            }
            for var standing in try Broadcasts.takeAhead(of: now + .seconds(1), in: session) {
                guard let journey = try live.journey(standing.place.journey, in: standing.place.workspace),
                    case let soonest = now + (journey.pace?.interval ?? .zero), standing.nextAt ?? now > soonest
                else { continue }
                standing.nextAt = soonest
                try Broadcasts.save(standing, machineNow: clock.now, in: session)
            }
        }
    }

    /// - Returns: whether somebody's turn had come.
    private func takeTurns(limit: Int32) async throws -> Bool {
        let met = Mutex<Pauses.Place?>(nil)
        do {
            let turn = try await transact(.live) { batch in
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
                try await transact(.live) { try $0.passOverFirst(of: place) }
                return true
            }
            return try await takeTurns(limit: max(1, limit / 8))
        }
    }
}

/// The journeys that take entries, as far as this build can read them.
private struct LiveThrottles {
    private let definitions: DefinitionsCache
    private let session: PostgresSession
    private var known: [WorkspaceID: Programs?] = [:]

    init(_ definitions: DefinitionsCache, in session: PostgresSession) {
        self.definitions = definitions
        self.session = session
    }

    mutating func journey(_ name: String, in workspace: WorkspaceID) throws -> Journey? {
        if known[workspace] == nil { known[workspace] = .some(try programs(of: workspace)) }
        return known[workspace]??.called(name, in: workspace)?.journey
    }

    private func programs(of workspace: WorkspaceID) throws -> Programs? {
        var programs = Programs(definitions, in: session)
        do {
            try programs.takeEntries(in: [workspace])
        } catch  where error is DefinitionsError || error is ProgramError || error is StoreError {
            return nil
        }
        return programs
    }
}
