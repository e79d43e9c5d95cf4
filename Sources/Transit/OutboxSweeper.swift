public import Logging
import Metrics
import Model
public import Postgres
public import ServiceLifecycle
import Store

/// Publishes again what has stood in the outbox for more than two seconds: left by a worker that died, or by a broker
/// that was away.
public struct OutboxSweeper: Service {
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

    private func sweep() async {
        do {
            while true {
                let limit = clock.now - .seconds(2)
                let rows = try await pool.withTransaction { try Outbox.stale(before: limit, limit: 100, in: $0) }
                Counter(label: "loods_outbox_swept_total").increment(by: rows.count)
                await relay.publish(rows)
                if rows.count < 100 { return }
            }
        } catch {
            logger.debug("the outbox could not be swept", metadata: ["reason": "\(error)"])
        }
    }
}
