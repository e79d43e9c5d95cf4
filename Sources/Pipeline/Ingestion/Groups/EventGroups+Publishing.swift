import CoreMetrics
import CrashPoints
import Logging
import Model

extension EventGroups {
    /// Publishes one group.
    ///
    /// - Returns: of each entry, whether it is safe.
    func publish(_ group: [Entry]) async -> [Bool] {
        let parts = GroupBodies(
            group.map { (drafts: $0.drafts, receivedAt: $0.receivedAt) }, freshID: UniqueID.random)
        let oldest = group.lazy.filter { $0.sender != nil }.map(\.since).min() ?? .now
        let deadline = max(oldest + limits.patience, .now + min(limits.attempt, limits.patience))
        metrics.events.record(group.reduce(0) { $0 + $1.drafts.count })
        let safe = await publish(parts.bodies, until: deadline)
        CrashPoint.ingestAfterConfirm.pass()
        return parts.places.map { place in place.allSatisfy { safe[$0] } }
    }

    /// Tells the senders of a group what has become of it.
    func answer(_ group: [Entry], _ safe: [Bool]) {
        var refused = 0
        for case (let sender?, let isSafe) in zip(group.map(\.sender), safe) {
            if isSafe {
                sender.resume()
            } else {
                sender.resume(throwing: Self.notStored)
                refused += 1
            }
        }
        outage.refused(refused)
    }

    /// Whether each body is safe.
    private func publish(_ bodies: [GroupBodies.Body], until deadline: ContinuousClock.Instant) async -> [Bool] {
        var instant: Timestamp?
        if let stamp {
            let ids = bodies.map(\.id)
            instant = await attempt("the clock cannot be read", until: deadline) { _ in try await stamp.depart(ids) }
            guard instant != nil else { return Array(repeating: false, count: bodies.count) }
        }
        let safe = await withTaskGroup(of: (Int, Bool).self) { [instant] tasks in
            for (index, body) in bodies.enumerated() {
                tasks.addTask { (index, await self.publish(body, stamp: instant, until: deadline)) }
            }
            return await tasks.reduce(into: Array(repeating: false, count: bodies.count)) { $0[$1.0] = $1.1 }
        }
        let lost = zip(bodies, safe).filter { !$1 }.map(\.0.id)
        if !lost.isEmpty { await stamp?.abandon(lost) }
        return safe
    }

    private func publish(
        _ body: GroupBodies.Body, stamp: Timestamp?, until deadline: ContinuousClock.Instant
    ) async -> Bool {
        let bytes = body.encoded(stamp: stamp)
        let isSafe =
            await attempt("events cannot be published", until: deadline) { left in
                try await sink.publish(bytes, id: body.id, within: left)
            } != nil
        if isSafe { outage.succeeded() }
        return isSafe
    }

    /// Tries again until the deadline, at least once; each attempt is given the time that is left.
    private func attempt<Value>(
        _ sentence: Logger.Message, until deadline: ContinuousClock.Instant,
        _ body: (_ left: Duration) async throws -> Value
    ) async -> Value? {
        while true {
            do {
                return try await body(deadline - .now)
            } catch {
                guard .now + limits.pause < deadline, !Task.isCancelled else {
                    outage.failed(sentence, error)
                    return nil
                }
                try? await Task.sleep(for: limits.pause)
            }
        }
    }
}
