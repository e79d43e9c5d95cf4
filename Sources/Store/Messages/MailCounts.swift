public import Model
public import Postgres

/// How often mails were opened and clicked by readers who have not consented to being known by it.
public enum MailCounts {
    public enum Kind: String, Sendable, CaseIterable {
        case open
        case click
    }

    /// What is counted together.
    public struct Key: Sendable, Hashable, Comparable {
        public var workspace: WorkspaceID
        public var journey: String
        public var step: String
        public var template: String
        public var kind: Kind
        /// `human`, `prefetch`, `scanner` or `unknown`.
        public var visitor: String

        public init(
            workspace: WorkspaceID, journey: String, step: String, template: String, kind: Kind, visitor: String
        ) {
            self.workspace = workspace
            self.journey = journey
            self.step = step
            self.template = template
            self.kind = kind
            self.visitor = visitor
        }

        public static func < (left: Key, right: Key) -> Bool {
            if left.workspace != right.workspace { return left.workspace < right.workspace }
            return (left.journey, left.step, left.template, left.kind.rawValue, left.visitor)
                < (right.journey, right.step, right.template, right.kind.rawValue, right.visitor)
        }
    }

    private static func day(of instant: Timestamp) -> Int32 {
        Int32((Double(instant.microseconds) / 86_400e6).rounded(.down))
    }

    /// Adds what has come to the day of `now`.
    public static func add(_ counts: [Key: Int64], now: Timestamp, in session: PostgresSession) throws {
        guard !counts.isEmpty else { return }
        // In one order, so that no two wait for each other.
        let sorted = counts.sorted { $0.key < $1.key }
        try session.execute(
            """
            insert into mail_counts as c (workspace_id, journey, step, template, kind, visitor, day, count)
            select workspace_id, journey, step, template, kind, visitor, \(day(of: now)), count
            from unnest(
                \(sorted.map(\.key.workspace)), \(sorted.map(\.key.journey)), \(sorted.map(\.key.step)),
                \(sorted.map(\.key.template)), \(sorted.map(\.key.kind.rawValue)), \(sorted.map(\.key.visitor)),
                \(sorted.map(\.value))
            ) as u (workspace_id, journey, step, template, kind, visitor, count)
            on conflict (workspace_id, journey, step, template, kind, visitor, day)
            do update set count = c.count + excluded.count
            """)
    }

    /// What was counted from the day of one instant to that of another, both included.
    public static func sums(
        of workspace: WorkspaceID, from start: Timestamp, to end: Timestamp, in session: PostgresSession
    ) throws -> [Key: Int64] {
        let rows = try session.query(
            """
            select journey, step, template, kind, visitor, sum(count)::bigint from mail_counts
            where workspace_id = \(workspace) and day between \(day(of: start)) and \(day(of: end))
            group by 1, 2, 3, 4, 5
            """)
        return try rows.reduce(into: [:]) { sums, row in
            let (journey, step, template, kind, visitor, count) = try row.decode(
                (String.self, String.self, String.self, String.self, String.self, Int64.self))
            guard let kind = Kind(rawValue: kind) else { return }
            let key = Key(
                workspace: workspace, journey: journey, step: step, template: template, kind: kind, visitor: visitor)
            sums[key] = count
        }
    }
}
