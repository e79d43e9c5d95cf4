import CrashPoints
public import Logging
public import Messaging
public import Model
public import Postgres
public import Store

/// Publishes outbox rows after their transaction committed, and deletes them once the broker has confirmed.
///
/// Never makes its caller wait for long: what is not confirmed by then is the sweeper's.
public struct OutboxRelay: Sendable {
    /// Below the age at which the sweeper takes a row, so that no row is under way twice.
    private static let patience = Duration.milliseconds(1_500)

    private let pool: PostgresPool
    private let publisher: Publisher
    private let logger: Logger

    public init(pool: PostgresPool, publisher: Publisher, logger: Logger) {
        self.pool = pool
        self.publisher = publisher
        self.logger = logger
    }

    /// Whether rows would only wait for the broker, and so had better stay where they are.
    var isHeldUp: Bool { publisher.isKnownUnusable }

    /// Publishes rows of a committed transaction. What fails, or is not confirmed within 1.5 seconds, stays in the table
    /// for the sweeper; while the broker is known to be away or blocked, all of them do, at once.
    ///
    /// - Returns: what the broker has confirmed.
    @discardableResult
    public func publish(_ rows: [Outbox.Row]) async -> Set<UniqueID> {
        guard !rows.isEmpty, !isHeldUp else { return [] }
        CrashPoint.outboxBeforePublish.pass()
        let confirmed = await withTaskGroup(of: UniqueID?.self) { group in
            for row in rows { group.addTask { await self.send(row) } }
            return await group.reduce(into: Set<UniqueID>()) { if let id = $1 { $0.insert(id) } }
        }
        CrashPoint.outboxAfterConfirm.pass()
        do {
            try await pool.withConnection { try Outbox.remove(Array(confirmed), in: $0) }
        } catch {
            logger.debug("confirmed outbox rows stay for the sweeper", metadata: ["reason": "\(error)"])
        }
        return confirmed
    }

    private func send(_ row: Outbox.Row) async -> UniqueID? {
        do {
            try await publisher.publish(
                row.body, to: QueueName(rawValue: row.queue), lane: Lane(rawValue: row.lane) ?? .live,
                messageID: row.id.description, timeout: Self.patience)
            return row.id
        } catch {
            logger.debug("an outbox row waits for the sweeper", metadata: ["reason": "\(error)"])
            return nil
        }
    }
}
