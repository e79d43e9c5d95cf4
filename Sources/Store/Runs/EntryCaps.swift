public import Model
public import Postgres

/// How many have entered journeys that let in only so many. Whoever lets somebody in holds the journey's row until the
/// transaction ends, so that no number of schedulers passes a cap together; rows are locked in the order of their keys, behind
/// the contacts.
///
/// What is kept are running totals, so that looking back costs the same however many have entered.
public enum EntryCaps {
    /// Entries per length of time up to now, in the order of `spans`; of nil all that there ever were.
    ///
    /// - Returns: nil where that is not known yet; ``lock(_:within:at:in:)`` finds out.
    public static func entered(
        _ place: Pauses.Place, within spans: [Span?], at now: Timestamp, in session: PostgresSession
    ) throws -> [Int64]? {
        let rows = try session.query(
            """
            select c.entered, b.entered
            from entry_caps c
            cross join unnest(\(spans.map { $0.map { now - $0 } })) with ordinality as w (start, number)
            left join lateral (
                select t.entered from entry_times t
                where t.workspace_id = c.workspace_id and t.journey = c.journey and t.at <= w.start
                order by t.at desc limit 1
            ) b on w.start is not null
            where c.workspace_id = \(place.workspace) and c.journey = \(place.journey)
            order by w.number
            """)
        guard rows.count == spans.count else { return nil }
        var entered: [Int64] = []
        for (row, span) in zip(rows, spans) {
            let (total, before) = try row.decode((Int64.self, Int64?.self))
            guard let before = span == nil ? 0 : before else { return nil }
            entered.append(total - before)
        }
        return entered
    }

    /// The same, with the journey's row locked: nobody else lets anybody in until the transaction ends.
    public static func lock(
        _ place: Pauses.Place, within spans: [Span?], at now: Timestamp, in session: PostgresSession
    ) throws -> [Int64] {
        try session.execute(
            """
            insert into entry_caps (workspace_id, journey, entered)
            values (\(place.workspace), \(place.journey), 0) on conflict do nothing
            """)
        // The lock is a statement of its own: what is read behind it is what others have committed.
        _ = try session.query(
            """
            select from entry_caps where workspace_id = \(place.workspace) and journey = \(place.journey)
            for no key update
            """)
        let longest = spans.compactMap(\.self).max() ?? .zero
        // A cap without a length of time has been counted too, where there is any time at all.
        if let entered = try entered(place, within: spans + [longest], at: now, in: session) {
            return Array(entered.dropLast())
        }
        try count(place, back: longest, at: now, in: session)
        return try entered(place, within: spans, at: now, in: session) ?? spans.map { _ in .max }
    }

    /// Counts the runs that there are, since the journey has its first cap, or one that looks further back than any before.
    /// Times are put off by a thousandth of what is looked back on, and never put forward.
    private static func count(
        _ place: Pauses.Place, back longest: Span, at now: Timestamp, in session: PostgresSession
    ) throws {
        let start = now - longest
        let grain = max(1, Double(longest.microseconds) / 1_000_000_000)
        try session.execute(
            "delete from entry_times where workspace_id = \(place.workspace) and journey = \(place.journey)")
        try session.execute(
            """
            insert into entry_times (workspace_id, journey, at, entered)
            select \(place.workspace), \(place.journey), u.at, sum(u.entered) over (order by u.at)
            from (
                select at, sum(entered) as entered from (
                    select \(start) as at, 0 as entered
                    union all
                    select case when r.entered_at <= \(start) then \(start)
                        else least(
                            date_bin(make_interval(secs => \(grain)), r.entered_at, \(start))
                                + make_interval(secs => \(grain)), \(now)) end, 1
                    from runs r where r.workspace_id = \(place.workspace) and r.journey = \(place.journey)
                ) each
                group by at
            ) u
            """)
        try session.execute(
            """
            update entry_caps c set entered = (
                select max(t.entered) from entry_times t
                where t.workspace_id = c.workspace_id and t.journey = c.journey)
            where c.workspace_id = \(place.workspace) and c.journey = \(place.journey)
            """)
    }

    /// Notes that so many have entered now, and forgets what no cap asks for any more; the caller holds the journey's row.
    ///
    /// - Parameter longest: how far back the journey's caps look.
    public static func add(
        _ count: Int, to place: Pauses.Place, at now: Timestamp, back longest: Span, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            update entry_caps set entered = entered + \(Int64(count))
            where workspace_id = \(place.workspace) and journey = \(place.journey)
            """)
        // Whoever read the clock later has perhaps been first: no time is put before one that is counted already.
        try session.execute(
            """
            insert into entry_times (workspace_id, journey, at, entered)
            select c.workspace_id, c.journey, greatest(\(now), max(t.at)), c.entered
            from entry_caps c left join entry_times t using (workspace_id, journey)
            where c.workspace_id = \(place.workspace) and c.journey = \(place.journey)
            group by c.workspace_id, c.journey, c.entered
            on conflict (workspace_id, journey, at) do update set entered = excluded.entered
            """)
        try session.execute(
            """
            delete from entry_times where workspace_id = \(place.workspace) and journey = \(place.journey) and at < (
                select max(at) from entry_times
                where workspace_id = \(place.workspace) and journey = \(place.journey) and at <= \(now - longest))
            """)
    }
}
