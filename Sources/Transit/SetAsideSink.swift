import Contracts
import Crypto
public import Messaging
public import Model
public import Postgres
public import Store

/// Keeps what cannot be handled, with its reason.
public struct SetAsideSink: Sendable {
    private let pool: PostgresPool
    private let clock: MachineClock
    private let worker: String

    /// - Parameter worker: names this process in what it sets aside.
    public init(pool: PostgresPool, clock: MachineClock, worker: String) {
        self.pool = pool
        self.clock = clock
        self.worker = worker
    }

    /// Keeps a delivery; for `Consumer`.
    public func keep(_ delivery: Delivery, reason: String) async throws {
        let now = clock.now
        var item = SetAside.Item(
            body: delivery.body, queue: delivery.death?.queue ?? delivery.queue.rawValue,
            lane: delivery.lane.rawValue, reason: reason,
            attempts: Int32(clamping: min(delivery.attempts, Int(Int32.max) - 1) + 1), at: now)
        if delivery.attempts > 0 {
            // The broker counts them, and does not say who they were.
            let what = "taken by a worker that died or gave it back; so often: \(delivery.attempts)"
            item.history.append(.init(at: now, worker: "before \(worker)", what: what))
        }
        item.history.append(.init(at: now, worker: worker, what: "set aside: \(reason)"))
        let kept = item
        try await pool.withConnection { try SetAside.add([kept], in: $0) }
    }
}

extension SetAside.Item {
    /// An item whose id is derived from its bytes, so that a redelivery keeps it once.
    public init(body: [UInt8], queue: String, lane: String, reason: String, attempts: Int32, at: Timestamp) {
        let digest = SHA256.hash(data: body).map { String($0, radix: 16) }.joined(separator: ".")
        self.init(
            id: .derived("loods.set-aside", queue, lane, digest), queue: queue, lane: lane, reason: reason, body: body,
            attempts: attempts, setAsideAt: at, workspace: Self.workspace(of: body))
    }

    /// The one workspace that a body speaks of.
    private static func workspace(of body: [UInt8]) -> WorkspaceID? {
        let all = Set(workspaces(in: body))
        return all.count == 1 ? all.first : nil
    }

    private static func workspaces(in body: [UInt8]) -> [WorkspaceID] {
        if let batch = try? EventBatch(decoding: body) { return batch.events.map(\.workspace) }
        if let batch = try? SignalBatch(decoding: body) { return batch.signals.map(\.contact.workspace) }
        if let hints = try? MessageHints(decoding: body) { return hints.hints.map(\.contact.workspace) }
        if let returned = try? ReturnedMail(decoding: body) { return [returned.mark.workspace] }
        return (try? RecordedWithdrawal(decoding: body)).map { [$0.contact.workspace] } ?? []
    }
}
