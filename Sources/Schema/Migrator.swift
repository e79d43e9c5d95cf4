public import Postgres

/// Brings a database to the schema that this build knows.
public enum Migrator {
    /// What `migrate` found and did.
    public struct Report: Sendable, Hashable {
        /// The steps that were run, in order.
        public var applied: [String]
        /// The number of the newest step, before and after.
        public var before: Int32
        public var after: Int32
    }

    /// The newest step that this build knows.
    public static var latest: Int32 { Migration.all.last?.number ?? 0 }

    /// Sixteen digits that stand for the SQL of all steps (FNV-1a): another text, another fingerprint.
    ///
    /// Names what is built from the schema and kept; the digests in `schema_migrations` guard the steps themselves.
    public static var fingerprint: String {
        let hash = Migration.all.lazy.flatMap(\.sql).reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Runs the steps that are missing, each once, however many processes start at the same time.
    ///
    /// All in one transaction under an advisory lock: others wait, then find nothing to do. The roles come first, so that
    /// every step may speak of them. A step whose SQL differs from
    /// what ran before is refused, and so is a database that is newer than this build.
    public static func migrate(in session: PostgresSession) throws -> Report {
        try session.execute("select pg_advisory_xact_lock(\(Int64(0x6C6F_6F64_73)))")
        try Roles.make(in: session)
        try session.runScript(
            """
            create table if not exists schema_migrations (
                number integer primary key, name text not null, digest text not null, applied_at timestamptz not null);
            """)
        let rows = try session.query("select number, digest from schema_migrations order by number")
        let known = try rows.map { try $0.decode((Int32.self, String.self)) }
        let before = known.last?.0 ?? 0
        guard before <= latest else { throw SchemaError.newer(database: before, build: latest) }
        let digests = Dictionary(uniqueKeysWithValues: known)
        var applied: [String] = []
        for migration in Migration.all {
            let sql = String(decoding: migration.sql, as: UTF8.self)
            let digest = try session.query("select md5(\(sql))")[0][0, as: String.self]
            if let held = digests[migration.number] {
                guard held == digest else { throw SchemaError.edited(migration.number) }
                continue
            }
            try session.runScript(TrustedSQL(trusted: sql))
            try session.execute(
                """
                insert into schema_migrations (number, name, digest, applied_at)
                values (\(migration.number), \(migration.name), \(digest), clock_timestamp())
                """)
            applied.append("\(migration.number) \(migration.name)")
        }
        return Report(applied: applied, before: before, after: latest)
    }

    /// The number of the newest step that the database has; nil before the first.
    public static func version(in session: PostgresSession) throws -> Int32? {
        let exists = try session.query("select to_regclass('schema_migrations') is not null")[0][0, as: Bool.self]
        guard exists else { return nil }
        return try session.query("select max(number) from schema_migrations")[0][0, as: Int32?.self]
    }
}

/// Why a schema cannot be brought up to date.
public enum SchemaError: Error, Sendable, Hashable, CustomStringConvertible {
    case newer(database: Int32, build: Int32)
    case edited(Int32)
    /// The migrating login lacks rights on the server; what an administrator is to run.
    case needsAdministrator(reason: String, statements: [String])

    public var description: String {
        switch self {
        case .newer(let database, let build):
            "the database has schema \(database), this build knows \(build): start a newer build"
        case .edited(let number):
            "migration \(number) ran with other SQL than this build holds; a landed migration is never edited"
        case .needsAdministrator(let reason, let statements):
            """
            \(reason). Have an administrator of the server run this once, then run the same command again:

            \(statements.map { "  \($0);" }.joined(separator: "\n"))
            """
        }
    }
}
