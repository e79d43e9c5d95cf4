public import Model
public import Postgres

/// Tries of single items that may be what kills workers, each noted before it begins. A note that stays is a worker that
/// died with the item in hand.
public enum Trials {
    /// One try.
    public struct Trial: Sendable, Hashable {
        /// Machine time.
        public var begunAt: Timestamp
        /// The process: `scoring HOST/PID`.
        public var worker: String
        /// Whether the worker had nothing else in hand that could have killed it.
        public var isAlone: Bool

        public init(begunAt: Timestamp, worker: String, isAlone: Bool) {
            self.begunAt = begunAt
            self.worker = worker
            self.isAlone = isAlone
        }
    }

    /// Whether any item has been tried without an end: most of the time none has.
    public static func areAny(in session: PostgresSession) throws -> Bool {
        try session.query("select exists (select from trials)")[0][0, as: Bool.self]
    }

    /// Tries of items that have not come to an end, oldest first.
    public static func of(_ items: [UniqueID], in session: PostgresSession) throws -> [UniqueID: [Trial]] {
        guard !items.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select item_id, begun_at, worker, alone from trials where item_id = any(\(items)) order by begun_at
            """)
        return try rows.reduce(into: [:]) { trials, row in
            let (item, begunAt, worker, isAlone) = try row.decode(
                (UniqueID.self, Timestamp.self, String.self, Bool.self))
            trials[item, default: []].append(Trial(begunAt: begunAt, worker: worker, isAlone: isAlone))
        }
    }

    /// Notes that a worker begins a try. What the same worker had noted before is no death: it lives.
    public static func begin(_ item: UniqueID, _ trial: Trial, in session: PostgresSession) throws {
        try session.execute("delete from trials where item_id = \(item) and worker = \(trial.worker)")
        try session.execute(
            """
            insert into trials (item_id, begun_at, worker, alone)
            values (\(item), \(trial.begunAt), \(trial.worker), \(trial.isAlone))
            on conflict do nothing
            """)
    }

    /// Notes that a worker's try has ended without a word on the item: what it needs is away.
    public static func abandon(_ item: UniqueID, worker: String, in session: PostgresSession) throws {
        try session.execute("delete from trials where item_id = \(item) and worker = \(worker)")
    }

    /// Forgets all tries of items: they have come to an end.
    public static func forget(_ items: [UniqueID], in session: PostgresSession) throws {
        guard !items.isEmpty else { return }
        try session.execute("delete from trials where item_id = any(\(items))")
    }
}
