import CrashPoints
public import Logging
import Messaging
import Metrics
import Model
public import Postgres
public import ServiceLifecycle
import Store

/// Publishes again what has stood in the outbox for more than two seconds: left by a worker that died, or by a broker
/// that was away. Does nothing while the broker is away or blocked.
public struct OutboxSweeper: Service {
    private static let age = Span.seconds(2)
    /// Rows of each way at a time, so that one that is refused holds up no other.
    private static let portion: Int32 = 32

    private let pool: PostgresPool
    private let relay: OutboxRelay
    private let clock: MachineClock
    private let logger: Logger

    public init(pool: PostgresPool, relay: OutboxRelay, clock: MachineClock, logger: Logger) {
        self.pool = pool
        self.relay = relay
        self.clock = clock
        self.logger = logger
    }

    public func run() async throws {
        await everySecond { await sweep() }
    }

    /// Goes on with those ways that had a full portion of which something was confirmed.
    func sweep() async {
        var ways = QueueName.all.flatMap { queue in
            queue.lanes.map { Outbox.Way(queue: queue.rawValue, lane: $0.rawValue) }
        }
        do {
            while !ways.isEmpty, !relay.isHeldUp, !Task.isCancelled, !Task.isShuttingDownGracefully {
                let rows = try await claim(ways)
                if !rows.isEmpty { CrashPoint.sweeperAfterClaim.pass() }
                Counter(label: "loods_outbox_swept_total").increment(by: rows.count)
                let confirmed = await relay.publish(rows)
                ways = Dictionary(grouping: rows, by: \.way).filter { _, rows in
                    rows.count == Self.portion && rows.contains { confirmed.contains($0.id) }
                }.map(\.key)
            }
        } catch {
            logger.debug("the outbox could not be swept", metadata: ["reason": "\(error)"])
        }
    }

    private func claim(_ ways: [Outbox.Way]) async throws -> [Outbox.Row] {
        let now = clock.now
        return try await pool.withConnection { session in
            try Outbox.claimStale(
                before: now - Self.age, on: ways, limit: Self.portion, machineNow: now, in: session)
        }
    }
}
