public import Model
public import Postgres

/// What goes out on a schedule: walked in the order of contacts, one part in one transaction with the runs that it starts, so
/// that whoever goes on begins where the last commit stands. One scheduler at a time walks a broadcast, whichever is free.
public enum Broadcasts {
    public enum State: String, Sendable, CaseIterable {
        case walking
        case done
        /// Too late to be sent.
        case missed
        /// Its journey takes no more entries.
        case stopped
    }

    /// Names one time of one journey.
    public struct Place: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var journey: String
        public var occurrence: String

        public init(workspace: WorkspaceID, journey: String, occurrence: String) {
            self.workspace = workspace
            self.journey = journey
            self.occurrence = occurrence
        }
    }

    /// How far a broadcast has come.
    public struct Standing: Sendable, Hashable {
        public var place: Place
        public var version: Int32
        public var segment: String
        public var state: State
        public var dueAt: Timestamp
        public var openedAt: Timestamp
        /// How many there were when it began.
        public var members: Int64
        public var walked: Int64
        public var entered: Int64
        public var skipped: Int64
        public var lastContact: UniqueID?
        public var nextAt: Timestamp?
        public var endedAt: Timestamp?
    }

    /// Begins a broadcast, or notes that it is not sent.
    ///
    /// - Parameter state: `walking` or `missed`.
    public static func open(
        _ due: Schedules.Due, _ place: Place, segment: String, dueAt: Timestamp, as state: State, now: Timestamp,
        machineNow: Timestamp, in session: PostgresSession
    ) throws {
        let isWalked = state == .walking
        let members =
            isWalked
            ? try session.query(
                """
                select count(*) from segment_members
                where workspace_id = \(place.workspace) and segment = \(segment) and entered_at <= \(now)
                """)[0][0, as: Int64.self] : 0
        try session.execute(
            """
            insert into broadcasts (
                workspace_id, journey, occurrence, version, segment, due_at, opened_at, state, members,
                next_at, looked_at, ended_at)
            values (
                \(place.workspace), \(place.journey), \(place.occurrence), \(due.version), \(segment),
                \(dueAt), \(now), \(state.rawValue), \(members), \(isWalked ? now : nil), \(machineNow),
                \(isWalked ? nil : now))
            on conflict do nothing
            """)
    }

    // MARK: Walking

    /// Whether one has members to go to.
    public static func isAnyDue(at now: Timestamp, in session: PostgresSession) throws -> Bool {
        try session.query(
            "select exists (select from broadcasts where state = 'walking' and next_at <= \(now))")[0][0, as: Bool.self]
    }

    /// Takes up the broadcast that has waited longest, locked until the transaction ends; what others walk is left to them.
    ///
    /// - Parameter place: the only one that is taken up; nil takes any.
    /// - Returns: nil where nothing is to be walked now.
    public static func take(
        _ place: Place? = nil, at now: Timestamp, in session: PostgresSession
    ) throws -> Standing? {
        try session.query(
            """
            select \(unescaped: columns)
            from broadcasts b
            join journeys j on j.workspace_id = b.workspace_id and j.journey = b.journey
            where b.state = 'walking' and b.next_at <= \(now) and j.paused_at is null
                and j.live_version is not null
                and (\(place?.workspace)::integer is null
                    or (b.workspace_id, b.journey, b.occurrence)
                        = (\(place?.workspace), \(place?.journey), \(place?.occurrence)))
            order by b.looked_at, b.workspace_id, b.journey limit 1
            for no key update of b skip locked
            """
        ).first.map { try Standing(row: $0) }
    }

    /// Takes up broadcasts that wait for longer than until an instant, locked until the transaction ends.
    public static func takeAhead(of instant: Timestamp, in session: PostgresSession) throws -> [Standing] {
        try session.query(
            """
            select \(unescaped: columns)
            from broadcasts b
            join journeys j on j.workspace_id = b.workspace_id and j.journey = b.journey
            where b.state = 'walking' and b.next_at > \(instant) and j.paused_at is null and j.live_version is not null
            order by b.workspace_id, b.journey, b.occurrence
            for no key update of b skip locked
            """
        ).map { try Standing(row: $0) }
    }

    /// The next members of a broadcast's segment, in order: up to `limit` of those who were in it when it began.
    public static func members(
        of standing: Standing, limit: Int32, in session: PostgresSession
    ) throws -> [ContactKey] {
        let behind = standing.lastContact ?? UniqueID(high: 0, low: 0)
        return try session.query(
            """
            select workspace_id, contact_id from segment_members
            where workspace_id = \(standing.place.workspace) and segment = \(standing.segment)
                and contact_id > \(behind) and entered_at <= \(standing.openedAt)
            order by contact_id limit \(limit)
            """
        ).map { try ContactKey(row: $0) }
    }

    /// Members whom a merge has put behind the place that the walk has come to: they were walked as nobody yet.
    public static func overtaken(
        by standing: Standing, limit: Int32, in session: PostgresSession
    ) throws -> [ContactKey] {
        guard let last = standing.lastContact else { return [] }
        return try session.query(
            """
            select m.workspace_id, m.contact_id from segment_members m
            where m.workspace_id = \(standing.place.workspace) and m.segment = \(standing.segment)
                and m.contact_id <= \(last) and m.entered_at <= \(standing.openedAt)
                and m.contact_id in (
                    select g.contact_id from merges g
                    where g.workspace_id = \(standing.place.workspace) and g.decided_at >= \(standing.openedAt))
                and not exists (
                    select from runs r
                    where r.workspace_id = m.workspace_id and r.contact_id = m.contact_id
                        and r.journey = \(standing.place.journey) and r.entry_at = \(standing.dueAt))
            order by m.contact_id limit \(limit)
            """
        ).map { try ContactKey(row: $0) }
    }

    /// Writes how far a broadcast has come, in the transaction that has gone there.
    public static func save(_ standing: Standing, machineNow: Timestamp, in session: PostgresSession) throws {
        let isOver = standing.state != .walking
        try session.execute(
            """
            update broadcasts set state = \(standing.state.rawValue), walked = \(standing.walked),
                entered = \(standing.entered), skipped = \(standing.skipped),
                last_contact = \(isOver ? nil : standing.lastContact), next_at = \(isOver ? nil : standing.nextAt),
                looked_at = \(machineNow), ended_at = \(standing.endedAt)
            where workspace_id = \(standing.place.workspace) and journey = \(standing.place.journey)
                and occurrence = \(standing.place.occurrence)
            """)
    }

    /// Ends broadcasts whose journeys take no more entries.
    public static func stopOrphans(now: Timestamp, in session: PostgresSession) throws {
        try session.execute(
            """
            update broadcasts b set state = 'stopped', ended_at = \(now), last_contact = null, next_at = null
            where (workspace_id, journey, occurrence) in (
                select o.workspace_id, o.journey, o.occurrence from broadcasts o
                left join journeys j on j.workspace_id = o.workspace_id and j.journey = o.journey
                where o.state = 'walking' and j.live_version is null
                for no key update of o skip locked)
            """)
    }

    /// Contacts other than those asked for that the same broadcast has reached at the same addresses.
    ///
    /// - Parameter addresses: in lower case, with whoever is about to be reached there.
    public static func reached(
        _ addresses: [(contact: ContactKey, address: String)], journey: String, dueAt: Timestamp,
        in session: PostgresSession
    ) throws -> [String: UniqueID] {
        guard !addresses.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select distinct on (u.address) u.address, c.contact_id
            from unnest(
                \(addresses.map(\.contact.workspace)), \(addresses.map(\.contact.contact)), \(addresses.map(\.address))
            ) as u (workspace_id, contact_id, address)
            cross join lateral (
                -- First who has the address, and then their runs ("offset 0" keeps the planner from another order): it knows
                -- nothing yet of the runs that this broadcast begins, and would go over all of them for each address.
                select c.workspace_id, c.contact_id from contacts c
                where c.workspace_id = u.workspace_id and c.attributes ? 'email'
                    and lower(c.attributes ->> 'email') = u.address and c.contact_id <> u.contact_id
                    and c.merged_into is null
                offset 0) c
            cross join lateral (
                select from runs r
                where r.workspace_id = c.workspace_id and r.contact_id = c.contact_id and r.journey = \(journey)
                    and r.entry_at = \(dueAt)
                offset 0) r
            order by u.address, c.contact_id
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((String.self, UniqueID.self)) })
    }

    static let columns: StaticString =
        """
        b.workspace_id, b.journey, b.occurrence, b.version, b.segment, b.state, b.due_at, b.opened_at, b.members, b.walked,
        b.entered, b.skipped, b.last_contact, b.next_at, b.ended_at
        """
}

extension Broadcasts.Standing {
    init(row: PostgresRow) throws {
        self.init(
            place: Broadcasts.Place(
                workspace: try row[0, as: WorkspaceID.self], journey: try row[1, as: String.self],
                occurrence: try row[2, as: String.self]),
            version: try row[3, as: Int32.self], segment: try row[4, as: String.self],
            state: Broadcasts.State(rawValue: try row[5, as: String.self]) ?? .stopped,
            dueAt: try row[6, as: Timestamp.self], openedAt: try row[7, as: Timestamp.self],
            members: try row[8, as: Int64.self], walked: try row[9, as: Int64.self],
            entered: try row[10, as: Int64.self], skipped: try row[11, as: Int64.self],
            lastContact: try row[12, as: UniqueID?.self], nextAt: try row[13, as: Timestamp?.self],
            endedAt: try row[14, as: Timestamp?.self])
    }
}
