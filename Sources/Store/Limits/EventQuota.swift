public import Model
public import Postgres

/// How many events a workspace may bring; whoever runs the cluster sets it, so it is no part of the definitions.
public struct EventQuota: Sendable, Hashable {
    /// Of a day in UTC; nil: as many as come.
    public var perDay: Int64?
    /// Of a calendar month in UTC; nil: as many as come.
    public var perMonth: Int64?

    public init(perDay: Int64? = nil, perMonth: Int64? = nil) {
        self.perDay = perDay
        self.perMonth = perMonth
    }

    public var isNone: Bool { perDay == nil && perMonth == nil }
}

/// The day and the month (UTC, machine time) that a quota counts in.
public struct QuotaPeriod: Sendable, Hashable {
    /// When the day began.
    public let day: Timestamp
    /// When the month began.
    public let month: Timestamp
    /// When the next day and the next month begin.
    public let nextDay: Timestamp
    public let nextMonth: Timestamp

    public init(at machineNow: Timestamp) {
        let sinceMidnight = machineNow.microseconds.flooredDivision(by: Span.days(1).microseconds).remainder
        day = Timestamp(microseconds: machineNow.microseconds - sinceMidnight)
        nextDay = day + .days(1)
        month = Self.beginning(ofMonthOf: machineNow)
        // 32 days on is the next month, whichever it is.
        nextMonth = Self.beginning(ofMonthOf: month + .days(32))
    }

    private static func beginning(ofMonthOf time: Timestamp) -> Timestamp {
        Timestamp(iso8601: time.description.prefix(7) + "-01T00:00:00Z") ?? time
    }
}

/// The quotas of workspaces and how far they are used.
public enum EventQuotas {
    /// What stands of one workspace.
    public struct Standing: Sendable, Hashable {
        public var quota: EventQuota
        /// Taken today and this month, what edges hold in hand included; only counted where there is a quota.
        public var today: Int64
        public var thisMonth: Int64
    }

    public static func standing(
        of workspace: WorkspaceID, machineNow: Timestamp, in session: PostgresSession
    ) throws -> Standing {
        let rows = try session.query(
            """
            select w.daily_quota, w.monthly_quota, q.day, q.day_events, q.month, q.month_events
            from workspaces w left join quota_use q on q.workspace_id = w.workspace_id
            where w.workspace_id = \(workspace)
            """)
        guard let row = rows.first else { return Standing(quota: EventQuota(), today: 0, thisMonth: 0) }
        let (perDay, perMonth, day, dayEvents, month, monthEvents) = try row.decode(
            (Int64?.self, Int64?.self, Timestamp?.self, Int64?.self, Timestamp?.self, Int64?.self))
        let period = QuotaPeriod(at: machineNow)
        return Standing(
            quota: EventQuota(perDay: perDay, perMonth: perMonth), today: day == period.day ? dayEvents ?? 0 : 0,
            thisMonth: month == period.month ? monthEvents ?? 0 : 0)
    }

    /// Sets a workspace's quota. Edges hear of it within a minute.
    public static func set(_ quota: EventQuota, of workspace: WorkspaceID, in session: PostgresSession) throws {
        try session.execute(
            """
            update workspaces set daily_quota = \(quota.perDay), monthly_quota = \(quota.perMonth)
            where workspace_id = \(workspace)
            """)
    }
}
