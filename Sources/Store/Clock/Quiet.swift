public import Model
public import Postgres

/// Whether the pipeline has come to rest at an instant, and what comes next: what `loods clock` steps by.
public enum Quiet {
    /// What is still under way; all zero when the pipeline is quiet.
    public struct Unrest: Sendable, Hashable {
        public var inFlight: Int64
        public var outbox: Int64
        public var dueTimers: Int64
        /// Contacts that time alone may have changed by now.
        public var dueWakes: Int64
        /// Workspaces whose live definitions have not reached everybody.
        public var backfills: Int64
        /// Broadcasts that have members to go to, or that are due, and throttles that may let a run begin.
        public var broadcasts: Int64
        /// Planned and due, claimed or handed; and lines in which mails wait that may go.
        public var openMessages: Int64

        public var isQuiet: Bool {
            inFlight == 0 && outbox == 0 && dueTimers == 0 && dueWakes == 0 && backfills == 0
                && broadcasts == 0 && openMessages == 0
        }
    }

    /// What is under way at domain time `now`, in one consistent reading.
    public static func unrest(at now: Timestamp, in session: PostgresSession) throws -> Unrest {
        let row = try session.query(
            """
            select (select count(*) from in_flight), (select count(*) from outbox),
                (select count(*) from timers where due_at <= \(now)),
                (select count(*) from wakes where due_at <= \(now)),
                (select count(*) from workspaces w left join backfills b using (workspace_id)
                    where w.revision > coalesce(b.revision, 0)
                        and exists (select from contacts c where c.workspace_id = w.workspace_id)
                        or b.ended_at is null and b.workspace_id is not null),
                (select count(*) from open_messages)
                    + (select count(*) from messages where look_at is not null and deferrals = 0)
                    + (select count(*) from messages where due_at <= \(now))
                    + (select count(*) from send_lines where next_at <= \(now)),
                (select count(*) from broadcasts b
                        join journeys j on j.workspace_id = b.workspace_id and j.journey = b.journey
                    where b.state = 'walking' and b.next_at <= \(now) and j.paused_at is null)
                    + (select count(*) from schedules s
                            join journeys j on j.workspace_id = s.workspace_id and j.journey = s.journey
                                and j.live_version = s.version
                        where s.next_at <= \(now) and j.paused_at is null)
                    + (select count(*) from throttles t
                            join journeys j on j.workspace_id = t.workspace_id and j.journey = t.journey
                        where t.next_at <= \(now) and j.paused_at is null
                            and exists (
                                select from runs r where r.workspace_id = t.workspace_id and r.journey = t.journey
                                    and r.waits_since <= \(now) and r.ended_at is null))
            """)[0]
        let (inFlight, outbox, dueTimers, dueWakes, backfills, openMessages, broadcasts) = try row.decode(
            (Int64.self, Int64.self, Int64.self, Int64.self, Int64.self, Int64.self, Int64.self))
        return Unrest(
            inFlight: inFlight, outbox: outbox, dueTimers: dueTimers, dueWakes: dueWakes, backfills: backfills,
            broadcasts: broadcasts, openMessages: openMessages)
    }

    /// The next instant after `now` at which something falls due by itself: a timer, a wake, a held message, a line
    /// of mails or a broadcast.
    public static func nextDue(after now: Timestamp, in session: PostgresSession) throws -> Timestamp? {
        try session.query(
            """
            select least(
                (select min(due_at) from timers where due_at > \(now)),
                (select min(due_at) from wakes where due_at > \(now)),
                (select min(due_at) from messages where due_at > \(now)),
                (select min(next_at) from send_lines where next_at > \(now)),
                (select min(s.next_at) from schedules s
                        join journeys j on j.workspace_id = s.workspace_id and j.journey = s.journey
                            and j.live_version = s.version and j.paused_at is null
                    where s.next_at > \(now)),
                (select min(b.next_at) from broadcasts b
                        join journeys j on j.workspace_id = b.workspace_id and j.journey = b.journey
                            and j.live_version is not null and j.paused_at is null
                    where b.state = 'walking' and b.next_at > \(now)),
                (select min(greatest(t.next_at, q.since)) from throttles t
                        join journeys j on j.workspace_id = t.workspace_id and j.journey = t.journey
                            and j.paused_at is null
                        join lateral (
                            select min(r.waits_since) as since from runs r
                            where r.workspace_id = t.workspace_id and r.journey = t.journey
                                and r.waits_since is not null and r.ended_at is null
                        ) q on q.since is not null
                    where greatest(t.next_at, q.since) > \(now)))
            """
        ).first.flatMap { try $0[0, as: Timestamp?.self] }
    }
}
