public import Logging
public import Messaging
import Model
public import Postgres
public import Store

/// Publishes outbox rows after their transaction committed, and deletes them once the broker has confirmed.
public struct OutboxRelay: Sendable {
    private let pool: PostgresPool
    private let publisher: Publisher
    private let logger: Logger

    public init(pool: PostgresPool, publisher: Publisher, logger: Logger) {
        self.pool = pool
        self.publisher = publisher
        self.logger = logger
    }

    /// Publishes rows of a committed transaction. What fails stays in the table, for the sweeper.
    public func publish(_ rows: [Outbox.Row]) async {
        guard !rows.isEmpty else { return }
        let confirmed = await withTaskGroup(of: UniqueID?.self) { group in
            for row in rows { group.addTask { await self.send(row) } }
            return await group.reduce(into: [UniqueID]()) { if let id = $1 { $0.append(id) } }
        }
        do {
            try await pool.withConnection { try Outbox.remove(confirmed, in: $0) }
        } catch {
            logger.debug("confirmed outbox rows stay for the sweeper", metadata: ["reason": "\(error)"])
        }
    }

    private func send(_ row: Outbox.Row) async -> UniqueID? {
        do {
            try await publisher.publish(
                row.body, to: QueueName(rawValue: row.queue), lane: Lane(rawValue: row.lane) ?? .live,
                messageID: row.id.description)
            return row.id
        } catch {
            logger.debug("an outbox row waits for the sweeper", metadata: ["reason": "\(error)"])
            return nil
        }
    }
}
