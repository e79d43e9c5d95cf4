public import Model
public import Postgres

/// Bodies on their way between processes, counted only while the clock is stepped.
///
/// A body departs in the transaction before it is published and arrives in the transaction of its effect. With the outbox,
/// the due timers and the open messages this tells `loods clock` when the pipeline is quiet, whatever the broker knows of
/// unacknowledged deliveries.
public enum Flights {
    /// The queues whose bodies are counted; what hints at messages is counted by the messages themselves.
    public static let counted: Set<String> = ["events", "signals"]

    public static func depart(
        _ ids: [UniqueID], queue: String, machineNow: Timestamp, in session: PostgresSession
    ) throws {
        guard !ids.isEmpty else { return }
        try session.execute(
            """
            insert into in_flight (flight_id, queue, departed_at)
            select id, \(queue), \(machineNow) from unnest(\(ids)) as u (id) on conflict do nothing
            """)
    }

    public static func arrive(_ ids: [UniqueID], in session: PostgresSession) throws {
        guard !ids.isEmpty else { return }
        try session.execute("delete from in_flight where flight_id = any(\(ids))")
    }
}
