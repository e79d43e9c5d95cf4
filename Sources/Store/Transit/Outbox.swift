public import Model
public import Postgres

/// Bodies that must reach a queue because their transaction committed.
///
/// The worker that wrote a row publishes it right after its commit and deletes it on the broker's confirm; a sweeper
/// publishes again what stays. A body may therefore come twice, never not at all.
public enum Outbox {
    public struct Row: Sendable, Hashable {
        public var id: UniqueID
        public var queue: String
        public var lane: String
        public var body: [UInt8]

        public init(id: UniqueID, queue: String, lane: String, body: [UInt8]) {
            self.id = id
            self.queue = queue
            self.lane = lane
            self.body = body
        }
    }

    /// Adds rows to this transaction; `machineNow` is the writer's own clock. While the clock is stepped, they depart.
    public static func add(
        _ rows: [Row], clock: DomainClock.Mode, machineNow: Timestamp, in session: PostgresSession
    ) throws {
        guard !rows.isEmpty else { return }
        if clock == .stepped {
            let counted = rows.filter { Flights.counted.contains($0.queue) }
            for (queue, rows) in Dictionary(grouping: counted, by: \.queue) {
                try Flights.depart(rows.map(\.id), queue: queue, machineNow: machineNow, in: session)
            }
        }
        try session.execute(
            """
            insert into outbox (outbox_id, queue, lane, body, created_at)
            select u.id, u.queue, u.lane, u.body, \(machineNow)
            from unnest(\(rows.map(\.id)), \(rows.map(\.queue)), \(rows.map(\.lane)), \(rows.map(\.body)))
                as u (id, queue, lane, body)
            """)
    }

    /// Removes rows that the broker has confirmed.
    public static func remove(_ ids: [UniqueID], in session: PostgresSession) throws {
        guard !ids.isEmpty else { return }
        try session.execute("delete from outbox where outbox_id = any(\(ids))")
    }

    /// A queue's lane, as rows name it.
    public struct Way: Sendable, Hashable {
        public var queue: String
        public var lane: String

        public init(queue: String, lane: String) {
            self.queue = queue
            self.lane = lane
        }
    }

    /// Machine time: a row that was written so far ahead has its time from a clock that was wrong, and is stale.
    private static let clockTolerance = Span.minutes(1)

    /// Takes rows written before `instant` to publish them again: up to `limit` of each way, its oldest.
    ///
    /// They count as written at `machineNow` from here on, so that every other sweeper leaves them alone until they are
    /// stale again, and those that are refused stand behind those that were not tried yet.
    public static func claimStale(
        before instant: Timestamp, on ways: [Way], limit: Int32, machineNow: Timestamp, in session: PostgresSession
    ) throws -> [Row] {
        try session.query(
            """
            update outbox set created_at = \(machineNow)
            where outbox_id in (
                select stale.outbox_id
                from unnest(\(ways.map(\.queue)), \(ways.map(\.lane))) as way (queue, lane), lateral (
                    select outbox_id from outbox
                    where outbox.queue = way.queue and outbox.lane = way.lane
                        and (created_at < \(instant) or created_at > \(machineNow + clockTolerance))
                    order by created_at limit \(limit) for update skip locked) as stale)
            returning outbox_id, queue, lane, body
            """
        ).map { row in
            let (id, queue, lane, body) = try row.decode((UniqueID.self, String.self, String.self, [UInt8].self))
            return Row(id: id, queue: queue, lane: lane, body: body)
        }
    }
}

extension Outbox.Row {
    public var way: Outbox.Way { Outbox.Way(queue: queue, lane: lane) }
}
