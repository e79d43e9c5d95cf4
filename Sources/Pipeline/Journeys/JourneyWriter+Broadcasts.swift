import Logging
import Messaging
import Metrics
import Model
import Postgres
import Store
import Synchronization
import Transit

extension JourneyWriter {
    /// So late timers may be before a broadcast gives way to them.
    private static let patience = Span(microseconds: 200_000)

    /// Whether triggered work waits: signals that no scheduler has in hand, or timers that are late.
    func liveWaits() async throws -> Bool {
        if let depth = await worker.intake.depth(of: .signals, lane: .live), depth.ready > 0 { return true }
        return try await worker.pool.withTransaction { session in
            let late = try DomainClock.read(in: session) - Self.patience
            return try !Timers.dueContacts(at: late, limit: 1, in: session).isEmpty
        }
    }

    /// Begins broadcasts whose time has come, and notes those that were missed.
    ///
    /// - Returns: why some could not begin: others go on, and a build that can read them takes them up.
    @discardableResult
    public func openBroadcasts() async throws -> [(journey: String, reason: String)] {
        let due = try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            try Broadcasts.stopOrphans(now: now, in: session)
            return try Schedules.due(at: now, limit: 100, in: session)
        }
        var faults: [(journey: String, reason: String)] = []
        for each in due {
            do {
                try await open(each)
            } catch  where !worker.isTransient(error) {
                faults.append((each.journey, "\(error)"))
            }
        }
        return faults
    }

    /// Whether broadcasts have members to go to.
    func hasBroadcasts() async throws -> Bool {
        try await worker.pool.withTransaction { session in
            try Broadcasts.isAnyDue(at: try DomainClock.read(in: session), in: session)
        }
    }

    private func open(_ due: Schedules.Due) async throws {
        let (cache, clock) = (worker.definitions, worker.clock)
        let missed = try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            guard let opening = try BroadcastOpening(due, definitions: cache, now: now, in: session) else {
                _ = try Schedules.pass(due, next: nil, in: session)
                return 0
            }
            return try opening.open(now: now, machineNow: clock.now, in: session) ?? 0
        }
        guard missed > 0 else { return }
        worker.logger.warning(
            "times of a broadcast were missed", metadata: ["journey": "\(due.journey)", "count": "\(missed)"])
    }

    /// Goes to the next members of the broadcast that has waited longest. A member who cannot be let in is set aside, and the
    /// others go on.
    ///
    /// - Returns: how many members; 0 where nothing is to be walked now, or others walk it.
    public func walkBroadcast(limit: Int32) async throws -> Int { try await walkBroadcast(limit: limit, at: nil) }

    private func walkBroadcast(limit: Int32, at place: Broadcasts.Place?) async throws -> Int {
        let met = Mutex<Broadcasts.Standing?>(nil)
        do {
            return try await stride { batch in
                try batch.walk(limit: limit, at: place) { standing in met.withLock { $0 = standing } }
            }
        } catch  where !worker.isTransient(error) {
            guard let failed = met.withLock({ $0 }) else { throw error }
            guard limit > 1 else {
                worker.logger.error("a member of a broadcast was set aside", metadata: ["reason": "\(error)"])
                return try await stride { try $0.passOver(behind: failed, because: error) }
            }
            worker.logger.warning("a part of a broadcast fails and is taken apart", metadata: ["reason": "\(error)"])
            return try await walkBroadcast(limit: max(1, limit / 8), at: failed.place)
        }
    }

    private func stride(_ body: @Sendable (JourneyBatch) throws -> JourneyBatch.Stride?) async throws -> Int {
        let (cache, clock, worker) = (worker.definitions, worker.clock, worker)
        let stride = try await worker.pool.withRepeatedTransaction { session in
            try body(
                JourneyBatch(worker: worker, lane: .bulk, definitions: cache, machineNow: clock.now, session: session))
        }
        guard let stride else { return 0 }
        if let fault = stride.fault {
            worker.logger.error(
                "a broadcast is put off",
                metadata: ["journey": "\(stride.standing.place.journey)", "reason": "\(fault)"])
        }
        Counter(label: "loods_broadcast_members_total", dimensions: [("outcome", "entered")])
            .increment(by: stride.result.started)
        Counter(label: "loods_broadcast_members_total", dimensions: [("outcome", "skipped")])
            .increment(by: stride.members - stride.result.started)
        await finish(stride.result)
        return stride.members
    }
}
