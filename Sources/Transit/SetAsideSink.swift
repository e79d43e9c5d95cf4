import Crypto
public import Messaging
public import Model
public import Postgres
public import Store

/// Keeps what cannot be handled, with its reason.
public struct SetAsideSink: Sendable {
    private let pool: PostgresPool
    private let clock: MachineClock

    public init(pool: PostgresPool, clock: MachineClock) {
        self.pool = pool
        self.clock = clock
    }

    /// Keeps a delivery; for `Consumer`.
    public func keep(_ delivery: Delivery, reason: String) async throws {
        let item = SetAside.Item(
            body: delivery.body, queue: delivery.death?.queue ?? delivery.queue.rawValue,
            lane: delivery.lane.rawValue, reason: reason,
            attempts: Int32(clamping: min(delivery.attempts, Int(Int32.max) - 1) + 1), at: clock.now)
        try await pool.withConnection { try SetAside.add([item], in: $0) }
    }
}

extension SetAside.Item {
    /// An item whose id is derived from its bytes, so that a redelivery keeps it once.
    public init(body: [UInt8], queue: String, lane: String, reason: String, attempts: Int32, at: Timestamp) {
        let digest = SHA256.hash(data: body).map { String($0, radix: 16) }.joined(separator: ".")
        self.init(
            id: .derived("loods.set-aside", queue, lane, digest), queue: queue, lane: lane, reason: reason, body: body,
            attempts: attempts, setAsideAt: at)
    }
}
