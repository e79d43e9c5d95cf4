public import Model
public import Postgres

/// A write key by its place in the store.
public struct KeyName: Sendable, Hashable {
    public var workspace: WorkspaceID
    public var name: String

    public init(workspace: WorkspaceID, name: String) {
        self.workspace = workspace
        self.name = name
    }
}

/// What an ingest process asks of a limit that all share.
public struct SliceAsk: Sendable, Hashable {
    /// Events taken in before they were granted; booked whatever is left.
    public var owed: Int64
    /// More events to hold in hand; below zero: so many are given back.
    public var wanted: Int64

    public init(owed: Int64, wanted: Int64) {
        self.owed = owed
        self.wanted = wanted
    }
}

/// What it gets.
public struct SliceGrant: Sendable, Hashable {
    /// Events granted, at most what was wanted; 0 where some were given back.
    public var granted: Int64
    /// What is left for all others; below zero while what was taken beforehand is paid back.
    public var left: Int64

    public init(granted: Int64, left: Int64) {
        self.granted = granted
        self.left = left
    }
}

/// The rates of keys as token buckets, of which ingest processes take slices of about a second.
///
/// A bucket fills at the key's rate and holds two seconds of it. So over any time the slices never come to more than the
/// rate, those two seconds, and what was owed.
public enum KeyAllowances {
    /// One key's part of an exchange.
    public struct Ask: Sendable, Hashable {
        public var key: KeyName
        /// Events a second.
        public var rate: Int64
        public var slice: SliceAsk

        public init(key: KeyName, rate: Int64, slice: SliceAsk) {
            self.key = key
            self.rate = rate
            self.slice = slice
        }
    }

    private static let million: Int64 = 1_000_000
    /// Seconds of the rate that a bucket holds.
    private static let depth: Int64 = 2

    /// Books what is owed, takes back what is given, and grants what there is; the answers stand in the order of the asks.
    ///
    /// - Parameter machineNow: hosts' clocks may differ: the furthest counts, and none counts twice.
    public static func exchange(
        _ asks: [Ask], machineNow: Timestamp, in session: PostgresSession
    ) throws -> [SliceGrant] {
        guard !asks.isEmpty else { return [] }
        var levels = try lock(asks, machineNow: machineNow, in: session)
        let grants = asks.map { ask in
            var bucket = levels[ask.key] ?? Bucket(level: 0, refilledAt: machineNow)
            let grant = bucket.trade(ask, at: machineNow)
            levels[ask.key] = bucket
            return grant
        }
        let keys = Array(levels.keys)
        try session.execute(
            """
            update key_allowances k set level = u.level, refilled_at = u.refilled_at
            from unnest(\(keys.map(\.workspace)), \(keys.map(\.name)), \(keys.map { levels[$0]!.level }),
                \(keys.map { levels[$0]!.refilledAt })) as u (workspace_id, name, level, refilled_at)
            where k.workspace_id = u.workspace_id and k.name = u.name
            """)
        return grants
    }

    /// The buckets, locked in one order; a new one is full.
    private static func lock(
        _ asks: [Ask], machineNow: Timestamp, in session: PostgresSession
    ) throws -> [KeyName: Bucket] {
        let (workspaces, names) = (asks.map(\.key.workspace), asks.map(\.key.name))
        try session.execute(
            """
            insert into key_allowances (workspace_id, name, level, refilled_at)
            select u.workspace_id, u.name, u.level, \(machineNow)
            from unnest(\(workspaces), \(names), \(asks.map { $0.rate * depth * million })) as u (workspace_id, name, level)
            order by u.workspace_id, u.name
            on conflict do nothing
            """)
        let rows = try session.query(
            """
            select k.workspace_id, k.name, k.level, k.refilled_at from key_allowances k
            join unnest(\(workspaces), \(names)) as u (workspace_id, name)
                on k.workspace_id = u.workspace_id and k.name = u.name
            order by k.workspace_id, k.name
            for no key update of k
            """)
        return Dictionary(
            try rows.map { row in
                let (workspace, name, level, refilledAt) = try row.decode(
                    (WorkspaceID.self, String.self, Int64.self, Timestamp.self))
                return (KeyName(workspace: workspace, name: name), Bucket(level: level, refilledAt: refilledAt))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// One row; `level` is in millionths of an event, so that no fraction is lost.
    private struct Bucket {
        var level: Int64
        var refilledAt: Timestamp

        mutating func trade(_ ask: Ask, at machineNow: Timestamp) -> SliceGrant {
            let capacity = ask.rate * depth * million
            let elapsed = min(max(0, (machineNow - refilledAt).microseconds), Span.days(1).microseconds)
            // Millionths of an event: events a second, times microseconds.
            level = min(capacity, level + ask.rate * elapsed)
            refilledAt = max(refilledAt, machineNow)
            level -= ask.slice.owed * million
            let granted = max(0, min(ask.slice.wanted, level / million))
            level = min(capacity, level - (ask.slice.wanted < 0 ? ask.slice.wanted : granted) * million)
            return SliceGrant(granted: granted, left: level / million)
        }
    }
}
