public import Model
public import Postgres

/// What comes back of the marketing of journeys, and the pause of those of which too much does.
public enum JourneyReturns {
    /// Who pauses: no person.
    public static let author = "loods"

    public struct Counts: Sendable, Hashable {
        /// Mails that reached nobody.
        public var bounces: Int64
        public var complaints: Int64
        /// Mails count that went after this instant: a journey that somebody lets go on begins anew.
        public var since: Timestamp
    }

    /// No mail is sent longer after it was planned.
    private static let longestLife = Span.days(100)

    /// What came back of a journey's mails that went since an instant, and since the journey was resumed last.
    public static func counts(
        of place: Pauses.Place, since: Timestamp, in session: PostgresSession
    ) throws -> Counts {
        let row = try session.query(
            """
            with start as (
                select greatest(\(since), max(at)) as at from interventions
                where workspace_id = \(place.workspace) and kind = 'resume' and journey = \(place.journey))
            select count(*) filter (where m.failure <> 'complaint'), count(*) filter (where m.failure = 'complaint'),
                (select at from start)
            from messages m
            where m.workspace_id = \(place.workspace) and m.journey = \(place.journey) and m.topic is not null
                and m.channel = 'email' and m.state in ('accepted', 'refused', 'expired', 'unknown')
                and m.failure in ('invalid', 'mailbox', 'unclear', 'complaint') and m.final_at > (select at from start)
                and m.planned_at > \(since - longestLife)
            """)[0]
        let (bounces, complaints, start) = try row.decode((Int64.self, Int64.self, Timestamp.self))
        return Counts(bounces: bounces, complaints: complaints, since: start)
    }

    /// How many mails of a journey went after an instant; no more than `most` are counted.
    public static func mails(
        of place: Pauses.Place, since: Timestamp, most: Int64, in session: PostgresSession
    ) throws -> Int64 {
        try session.query(
            """
            select count(*) from (
                select from messages
                where workspace_id = \(place.workspace) and journey = \(place.journey) and topic is not null
                    and planned_at > \(since - longestLife) and final_at > \(since)
                    and channel = 'email' and state in ('accepted', 'refused', 'expired', 'unknown')
                order by planned_at desc limit \(most)) m
            """)[0][0, as: Int64.self]
    }

    /// Pauses a journey: none of its mails is claimed from the commit on, and none of its runs stepped.
    ///
    /// - Returns: whether it went on until now.
    public static func pause(
        _ place: Pauses.Place, because reason: String, revision: Int32, now: Timestamp, in session: PostgresSession
    ) throws -> Bool {
        let rows = try session.query(
            """
            update journeys set paused_at = \(now)
            where workspace_id = \(place.workspace) and journey = \(place.journey) and paused_at is null
            returning 1
            """)
        guard !rows.isEmpty else { return false }
        try Interventions.record(
            Interventions.Entry(
                kind: .pause, at: now, author: author, reason: reason, revision: revision, journey: place.journey),
            of: place.workspace, in: session)
        return true
    }

    /// A journey that stands still since too much of its mail came back.
    public struct Stopped: Sendable, Hashable {
        public var place: Pauses.Place
        public var at: Timestamp
        public var reason: String
    }

    /// All that stand still for that, as far as the session may see them.
    public static func stopped(in session: PostgresSession) throws -> [Stopped] {
        try session.query(
            """
            select j.workspace_id, j.journey, j.paused_at, i.reason from journeys j
            cross join lateral (
                select author, reason from interventions i
                where i.workspace_id = j.workspace_id and i.journey = j.journey and i.kind = 'pause'
                order by i.number desc limit 1) i
            where j.paused_at is not null and i.author = \(author) order by 1, 2
            """
        ).map { row in
            let (workspace, journey, at, reason) = try row.decode(
                (WorkspaceID.self, String.self, Timestamp.self, String?.self))
            return Stopped(place: Pauses.Place(workspace: workspace, journey: journey), at: at, reason: reason ?? "")
        }
    }
}
