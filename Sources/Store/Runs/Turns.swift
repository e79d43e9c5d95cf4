public import Model
public import Postgres

/// Runs that wait for their journey's throttle, first come first served. One scheduler at a time lets a journey's runs begin,
/// whichever is free.
public enum Turns {
    /// A journey whose runs wait, and from when on the next of them may begin.
    public struct Standing: Sendable, Hashable {
        public var place: Pauses.Place
        public var nextAt: Timestamp
    }

    /// A run that waits.
    public struct Waiting: Sendable, Hashable {
        public var contact: ContactKey
        public var run: UniqueID

        public init(contact: ContactKey, run: UniqueID) {
            self.contact = contact
            self.run = run
        }
    }

    /// Makes sure that somebody looks after runs of journeys that begin to wait.
    static func announce(_ runs: [Run], in session: PostgresSession) throws {
        let places = Set(
            runs.filter { $0.waitsSince != nil }.map {
                Pauses.Place(workspace: $0.contact.workspace, journey: $0.journey)
            }
        ).sorted { ($0.workspace.rawValue, $0.journey) < ($1.workspace.rawValue, $1.journey) }
        guard !places.isEmpty, let now = runs.compactMap(\.waitsSince).min() else { return }
        try session.execute(
            """
            insert into throttles (workspace_id, journey, next_at, looked_at)
            select u.w, u.journey, \(now), \(now)
            from unnest(\(places.map(\.workspace)), \(places.map(\.journey))) as u (w, journey)
            on conflict do nothing
            """)
    }

    /// Takes up the journey that has waited longest of those that may let somebody begin, locked until the transaction ends;
    /// what others have taken up is left to them.
    public static func take(at now: Timestamp, in session: PostgresSession) throws -> Standing? {
        try session.query(
            """
            select t.workspace_id, t.journey, t.next_at
            from throttles t
            join journeys j on j.workspace_id = t.workspace_id and j.journey = t.journey
            where t.next_at <= \(now) and j.paused_at is null and \(unescaped: waits)
                and r.waits_since <= \(now))
            order by t.looked_at, t.workspace_id, t.journey limit 1
            for no key update of t skip locked
            """
        ).first.map { row in
            let (workspace, journey, nextAt) = try row.decode((WorkspaceID.self, String.self, Timestamp.self))
            return Standing(place: Pauses.Place(workspace: workspace, journey: journey), nextAt: nextAt)
        }
    }

    /// Takes up journeys whose runs wait for longer than until an instant, locked until the transaction ends.
    public static func takeAhead(of instant: Timestamp, in session: PostgresSession) throws -> [Standing] {
        try session.query(
            """
            select t.workspace_id, t.journey, t.next_at
            from throttles t
            join journeys j on j.workspace_id = t.workspace_id and j.journey = t.journey
            where t.next_at > \(instant) and j.paused_at is null and \(unescaped: waits))
            order by t.workspace_id, t.journey
            for no key update of t skip locked
            """
        ).map { row in
            let (workspace, journey, nextAt) = try row.decode((WorkspaceID.self, String.self, Timestamp.self))
            return Standing(place: Pauses.Place(workspace: workspace, journey: journey), nextAt: nextAt)
        }
    }

    /// Whether any run of `t` waits; to be continued and closed.
    private static let waits: StaticString = """
        exists (select from runs r where r.workspace_id = t.workspace_id and r.journey = t.journey
            and r.waits_since is not null and r.ended_at is null
        """

    /// Those of a journey whose turn it is, the first to come first.
    public static func first(
        of place: Pauses.Place, limit: Int32, at now: Timestamp, in session: PostgresSession
    ) throws -> [Waiting] {
        try session.query(
            """
            select workspace_id, contact_id, run_id from runs
            where workspace_id = \(place.workspace) and journey = \(place.journey) and waits_since <= \(now)
                and ended_at is null
            order by waits_since, run_id limit \(limit)
            """
        ).map { Waiting(contact: try ContactKey(row: $0), run: try $0[2, as: UniqueID.self]) }
    }

    /// Writes from when on the next may begin, in the transaction that has let the others begin.
    public static func save(_ standing: Standing, machineNow: Timestamp, in session: PostgresSession) throws {
        try session.execute(
            """
            update throttles set next_at = \(standing.nextAt), looked_at = \(machineNow)
            where workspace_id = \(standing.place.workspace) and journey = \(standing.place.journey)
            """)
    }

    /// Has runs wait that cannot begin, while others go on.
    public static func putOff(_ runs: [Waiting], until instant: Timestamp, in session: PostgresSession) throws {
        guard !runs.isEmpty else { return }
        try session.execute(
            """
            update runs r set waits_since = \(instant)
            from unnest(\(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.run)))
                as u (workspace_id, contact_id, run_id)
            where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id and r.run_id = u.run_id
                and r.waits_since is not null
            """)
    }
}

// MARK: As people ask for them

extension Turns {
    /// A journey's queue.
    public struct Queue: Sendable, Hashable {
        public var place: Pauses.Place
        public var waiting: Int64
        /// Since when the first waits.
        public var since: Timestamp
        public var nextAt: Timestamp
        public var isPaused: Bool
    }

    /// The journeys whose runs wait for their turn.
    public static func queues(in session: PostgresSession) throws -> [Queue] {
        try session.query(
            """
            select t.workspace_id, t.journey, q.waiting, q.since, t.next_at, j.paused_at is not null
            from throttles t
            join journeys j on j.workspace_id = t.workspace_id and j.journey = t.journey
            join lateral (
                select count(*) as waiting, min(r.waits_since) as since from runs r
                where r.workspace_id = t.workspace_id and r.journey = t.journey and r.waits_since is not null
                    and r.ended_at is null
            ) q on q.waiting > 0
            order by t.workspace_id, t.journey
            """
        ).map { row in
            let (workspace, journey, waiting, since, nextAt, isPaused) = try row.decode(
                (WorkspaceID.self, String.self, Int64.self, Timestamp.self, Timestamp.self, Bool.self))
            return Queue(
                place: Pauses.Place(workspace: workspace, journey: journey), waiting: waiting, since: since,
                nextAt: nextAt, isPaused: isPaused)
        }
    }
}
