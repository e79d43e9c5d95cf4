public import Model
public import Postgres

/// Who is in which segment, and how it came about.
public enum SegmentMembers {
    public typealias Cause = SegmentCause
    public typealias Membership = SegmentMembership
    public typealias Move = SegmentMove
    public typealias Place = SegmentPlace

    /// The memberships of `contacts`.
    public static func load(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [Membership]] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select s.workspace_id, s.contact_id, s.segment, s.ordinal, s.entered_at, s.cause
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join segment_members s using (workspace_id, contact_id)
            """)
        var memberships: [ContactKey: [Membership]] = [:]
        for row in rows {
            memberships[try ContactKey(row: row), default: []].append(try Membership(row: row))
        }
        return memberships
    }

    /// The names of the segments that `contacts` are in.
    public static func names(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [String]] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select u.workspace_id, u.contact_id, array(
                select s.segment from segment_members s
                where s.workspace_id = u.workspace_id and s.contact_id = u.contact_id)
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            """)
        var names: [ContactKey: [String]] = [:]
        for row in rows {
            let segments = try row[2, as: [String].self]
            if !segments.isEmpty { names[try ContactKey(row: row)] = segments }
        }
        return names
    }

    /// The memberships at some places; where there is none it is left out.
    public static func memberships(
        at places: some Collection<Place>, in session: PostgresSession
    ) throws -> [Place: Membership] {
        guard !places.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select s.workspace_id, s.contact_id, s.segment, s.ordinal, s.entered_at, s.cause
            from unnest(
                \(places.map(\.contact.workspace)), \(places.map(\.contact.contact)), \(places.map(\.segment))
            ) as u (workspace_id, contact_id, segment)
            join segment_members s using (workspace_id, contact_id, segment)
            """)
        var memberships: [Place: Membership] = [:]
        for row in rows {
            let membership = try Membership(row: row)
            memberships[Place(contact: try ContactKey(row: row), segment: membership.segment)] = membership
        }
        return memberships
    }

    /// How often contacts have entered segments so far; those never entered are left out.
    public static func ordinals(
        of places: some Collection<Place>, in session: PostgresSession
    ) throws -> [Place: Int32] {
        guard !places.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select u.workspace_id, u.contact_id, u.segment, max(m.ordinal)
            from unnest(
                \(places.map(\.contact.workspace)), \(places.map(\.contact.contact)), \(places.map(\.segment))
            ) as u (workspace_id, contact_id, segment)
            join segment_moves m using (workspace_id, contact_id, segment)
            group by u.workspace_id, u.contact_id, u.segment
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map {
                (
                    Place(contact: try ContactKey(row: $0), segment: try $0[2, as: String.self]),
                    try $0[3, as: Int32.self]
                )
            })
    }

    /// Writes moves, and what they come to; the caller holds the contacts' locks.
    ///
    /// - Parameter moves: those of one contact and segment in their order.
    public static func apply(_ moves: [Move], now: Timestamp, in session: PostgresSession) throws {
        guard !moves.isEmpty else { return }
        try session.execute(
            """
            insert into segment_moves (
                workspace_id, contact_id, segment, ordinal, move, at, cause, event_id, revision, decided_at)
            select u.w, u.contact, u.segment, u.ordinal, case when u.is_entry then 'entered' else 'left' end, u.at,
                u.cause, u.event_id, u.revision, \(now)
            from unnest(
                \(moves.map(\.contact.workspace)), \(moves.map(\.contact.contact)), \(moves.map(\.segment)),
                \(moves.map(\.ordinal)), \(moves.map(\.isEntry)), \(moves.map(\.at)), \(moves.map(\.cause.rawValue)),
                \(moves.map(\.eventID)), \(moves.map(\.revision))
            ) as u (w, contact, segment, ordinal, is_entry, at, cause, event_id, revision)
            on conflict do nothing
            """)
        var last: [Place: Move] = [:]
        for move in moves { last[Place(contact: move.contact, segment: move.segment)] = move }
        try remove(last.values.filter { !$0.isEntry }, in: session)
        try enter(last.values.filter(\.isEntry), in: session)
    }

    private static func remove(_ moves: [Move], in session: PostgresSession) throws {
        guard !moves.isEmpty else { return }
        try session.execute(
            """
            delete from segment_members s
            using unnest(
                \(moves.map(\.contact.workspace)), \(moves.map(\.contact.contact)), \(moves.map(\.segment))
            ) as u (w, contact, segment)
            where s.workspace_id = u.w and s.contact_id = u.contact and s.segment = u.segment
            """)
    }

    private static func enter(_ moves: [Move], in session: PostgresSession) throws {
        guard !moves.isEmpty else { return }
        try session.execute(
            """
            insert into segment_members (workspace_id, contact_id, segment, ordinal, entered_at, cause)
            select * from unnest(
                \(moves.map(\.contact.workspace)), \(moves.map(\.contact.contact)), \(moves.map(\.segment)),
                \(moves.map(\.ordinal)), \(moves.map(\.at)), \(moves.map(\.cause.rawValue)))
            on conflict (workspace_id, contact_id, segment)
            do update set ordinal = excluded.ordinal, entered_at = excluded.entered_at, cause = excluded.cause
            """)
    }

    /// Gives a survivor what the other one was in: both sets of memberships, and of each entry one.
    static func move(_ w: WorkspaceID, from: UniqueID, to: UniqueID, in session: PostgresSession) throws {
        try session.execute(
            """
            with moved as (delete from segment_members where workspace_id = \(w) and contact_id = \(from) returning *)
            insert into segment_members (workspace_id, contact_id, segment, ordinal, entered_at, cause)
            select workspace_id, \(to), segment, ordinal, entered_at, cause from moved
            on conflict do nothing
            """)
        try session.execute(
            """
            with moved as (delete from segment_moves where workspace_id = \(w) and contact_id = \(from) returning *)
            insert into segment_moves (
                workspace_id, contact_id, segment, ordinal, move, at, cause, event_id, revision, decided_at)
            select workspace_id, \(to), segment, ordinal, move, at, cause, event_id, revision, decided_at from moved
            on conflict do nothing
            """)
    }
}

extension SegmentMembers.Membership {
    /// Reads what stands behind the contact in a row.
    fileprivate init(row: PostgresRow) throws {
        self.init(
            segment: try row[2, as: String.self], ordinal: try row[3, as: Int32.self],
            enteredAt: try row[4, as: Timestamp.self],
            cause: SegmentMembers.Cause(rawValue: try row[5, as: String.self]) ?? .event)
    }
}
