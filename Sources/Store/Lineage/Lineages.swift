public import Model
public import Postgres

/// Whether the store is the one that mails were last sent from.
///
/// The row in `lineage` names the server and timeline from which mailers send, and a *mark* that rises with their claims.
/// After a restore, or from a dump, the server tells another lineage than the row. A snapshot of the disks keeps the lineage,
/// but not the mark that mailers have published meanwhile.
public enum Lineages {
    /// What the row says, beside what the server says.
    public struct Standing: Sendable, Hashable {
        /// The server's own; nil on a standby, which has no timeline of its own yet.
        public var actual: Lineage?
        /// From where mails were last sent; nil before the first.
        public var recorded: Lineage?
        public var mark: Int64
        /// Why nothing is sent until `loods fence`, once somebody has found that out.
        public var refusal: String?
        /// What was caused until then may have been sent before the last restore.
        public var sentUntil: Timestamp?

        public init(
            actual: Lineage?, recorded: Lineage?, mark: Int64, refusal: String? = nil, sentUntil: Timestamp? = nil
        ) {
            self.actual = actual
            self.recorded = recorded
            self.mark = mark
            self.refusal = refusal
            self.sentUntil = sentUntil
        }
    }

    /// Reads both.
    public static func standing(in session: PostgresSession) throws -> Standing {
        guard
            let row = try session.query(
                """
                select s.system_identifier,
                    case when not pg_is_in_recovery()
                        then ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end,
                    (select oid::bigint from pg_database where datname = current_database()),
                    l.system_id, l.timeline, l.database_id, l.mark, l.refusal, l.sent_until
                from pg_control_system() s, lineage l
                """
            ).first
        else { throw StoreError.clockMissing }
        return Standing(
            actual: try lineage(in: row, from: 0), recorded: try lineage(in: row, from: 3),
            mark: try row[6, as: Int64.self], refusal: try row[7, as: String?.self],
            sentUntil: try row[8, as: Timestamp?.self])
    }

    private static func lineage(in row: PostgresRow, from column: Int) throws -> Lineage? {
        guard let system = try row[column, as: Int64?.self], let timeline = try row[column + 1, as: Int32?.self],
            let database = try row[column + 2, as: Int64?.self]
        else { return nil }
        return Lineage(system: system, timeline: timeline, database: database)
    }

    /// To be called in every transaction that claims or hands over.
    ///
    /// - Returns: until when what was caused may have been sent before the last restore; nil where there was none.
    /// - Throws: `StoreError.lineageChanged` where this is not the store that mails are sent from.
    @discardableResult
    public static func check(in session: PostgresSession) throws -> Timestamp? {
        let standing = try standing(in: session)
        guard standing.refusal == nil, standing.recorded != nil, standing.recorded == standing.actual else {
            throw StoreError.lineageChanged
        }
        return standing.sentUntil
    }

    /// A place in the store's history of claims.
    public struct Mark: Sendable, Hashable {
        public var number: Int64
        /// Domain time.
        public var at: Timestamp
    }

    /// Moves the mark behind all that is claimed by now. In a transaction of its own: the row is locked until its end.
    ///
    /// - Throws: `StoreError.lineageChanged`, as ``check(in:)``.
    public static func advance(in session: PostgresSession) throws -> Mark {
        try check(in: session)
        let now = try DomainClock.read(in: session)
        guard
            let row = try session.query(
                """
                update lineage set mark = mark + 1, marked_at = greatest(marked_at, \(now))
                where refusal is null returning mark, marked_at
                """
            ).first
        else { throw StoreError.lineageChanged }
        return Mark(number: try row[0, as: Int64.self], at: try row[1, as: Timestamp.self])
    }

    /// Whether a mailer has ever taken a message of this store.
    public static func hasClaimed(in session: PostgresSession) throws -> Bool {
        try session.query(
            "select exists (select from lineage where mark > 0) or exists (select from messages where attempt > 0)"
        )[0][0, as: Bool.self]
    }

    /// Has mailers send from here on, where the row still stands as it was read.
    ///
    /// - Parameter machineNow: when, by the caller's own clock.
    public static func accept(
        _ standing: Standing, by name: String, machineNow: Timestamp, in session: PostgresSession
    ) throws -> Bool {
        guard let actual = standing.actual else { return false }
        return try session.execute(
            """
            update lineage
            set system_id = \(actual.system), timeline = \(actual.timeline), database_id = \(actual.database),
                accepted_at = \(machineNow), accepted_by = \(name)
            where refusal is null and mark = \(standing.mark)
                and system_id is not distinct from \(standing.recorded?.system)
                and timeline is not distinct from \(standing.recorded?.timeline)
                and database_id is not distinct from \(standing.recorded?.database)
            """) == 1
    }

    /// Keeps all mailers from sending until `loods fence`.
    public static func refuse(_ reason: String, machineNow: Timestamp, in session: PostgresSession) throws {
        try session.execute(
            "update lineage set refusal = \(reason), refused_at = \(machineNow) where refusal is null")
    }
}
