public import Model
public import Postgres

/// What of the quotas is used, of which ingest processes take slices.
public enum QuotaUse {
    /// One workspace's part of an exchange.
    public struct Ask: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var quota: EventQuota
        /// When the day began in which the asker got what it holds: what is of yesterday is not given back to today.
        public var day: Timestamp
        public var slice: SliceAsk

        public init(workspace: WorkspaceID, quota: EventQuota, day: Timestamp, slice: SliceAsk) {
            self.workspace = workspace
            self.quota = quota
            self.day = day
            self.slice = slice
        }
    }

    /// What of one workspace's quota is granted.
    public struct Grant: Sendable, Hashable {
        public var slice: SliceGrant
        /// When the day began that it is of.
        public var day: Timestamp
        /// When the quota that is nearest its end begins afresh.
        public var resumesAt: Timestamp

        public init(slice: SliceGrant, day: Timestamp, resumesAt: Timestamp) {
            self.slice = slice
            self.day = day
            self.resumesAt = resumesAt
        }
    }

    /// Books what is owed, takes back what is given, and grants what is left; the answers stand in the order of the asks.
    public static func exchange(
        _ asks: [Ask], machineNow: Timestamp, in session: PostgresSession
    ) throws -> [Grant] {
        guard !asks.isEmpty else { return [] }
        let period = QuotaPeriod(at: machineNow)
        var uses = try lock(asks.map(\.workspace), period, in: session)
        let grants = asks.map { uses[$0.workspace, default: Use(period)].trade($0, period) }
        let workspaces = Array(uses.keys)
        try session.execute(
            """
            update quota_use q
            set day = u.day, day_events = u.day_events, month = u.month, month_events = u.month_events
            from unnest(\(workspaces), \(workspaces.map { uses[$0]!.day }), \(workspaces.map { uses[$0]!.today }),
                \(workspaces.map { uses[$0]!.month }), \(workspaces.map { uses[$0]!.thisMonth }))
                as u (workspace_id, day, day_events, month, month_events)
            where q.workspace_id = u.workspace_id
            """)
        return grants
    }

    private static func lock(
        _ workspaces: [WorkspaceID], _ period: QuotaPeriod, in session: PostgresSession
    ) throws -> [WorkspaceID: Use] {
        try session.execute(
            """
            insert into quota_use (workspace_id, day, day_events, month, month_events)
            select u.workspace_id, \(period.day), 0, \(period.month), 0
            from unnest(\(workspaces)) as u (workspace_id) order by 1
            on conflict do nothing
            """)
        let rows = try session.query(
            """
            select workspace_id, day, day_events, month, month_events from quota_use
            where workspace_id = any(\(workspaces)) order by workspace_id for no key update
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let (workspace, day, dayEvents, month, monthEvents) = try row.decode(
                    (WorkspaceID.self, Timestamp.self, Int64.self, Timestamp.self, Int64.self))
                // A host whose clock lags does not begin a day again.
                var use = Use(period)
                if day >= period.day { (use.day, use.today) = (day, dayEvents) }
                if month >= period.month { (use.month, use.thisMonth) = (month, monthEvents) }
                return (workspace, use)
            })
    }

    private struct Use {
        var day: Timestamp
        var today: Int64 = 0
        var month: Timestamp
        var thisMonth: Int64 = 0

        init(_ period: QuotaPeriod) {
            day = period.day
            month = period.month
        }

        mutating func trade(_ ask: Ask, _ period: QuotaPeriod) -> Grant {
            add(ask.slice.owed)
            let dayLeft = (ask.quota.perDay ?? .max) - today
            let monthLeft = (ask.quota.perMonth ?? .max) - thisMonth
            let granted = max(0, min(ask.slice.wanted, dayLeft, monthLeft))
            add(ask.slice.wanted < 0 ? (ask.day == day ? ask.slice.wanted : 0) : granted)
            let left = min(dayLeft, monthLeft) - granted
            let resumesAt = monthLeft <= dayLeft && ask.quota.perMonth != nil ? period.nextMonth : period.nextDay
            return Grant(slice: SliceGrant(granted: granted, left: left), day: day, resumesAt: resumesAt)
        }

        private mutating func add(_ events: Int64) {
            today = max(0, today + events)
            thisMonth = max(0, thisMonth + events)
        }
    }
}
