import Foundation

extension OwnPostgres {
    /// Settings of a server that can be restored to any time after ``backUp()``.
    public static let archiving = Options(settings: [
        "archive_mode = on", "archive_command = 'mkdir -p ../archive && cp %p ../archive/%f'",
        "restore_command = 'cp ../archive/%f %p'", "recovery_target_action = 'promote'",
    ])

    private var backup: String { folder.appending(path: "backup").path }

    /// Copies the data as it stands, for ``restore(to:)``.
    public func backUp() async throws {
        try await Program.check(
            Self.asServer([
                "env", "PGPASSWORD=\(password)", try Self.binary("pg_basebackup"), "-h", "127.0.0.1", "-p", "\(port)",
                "-U", "postgres", "-D", backup, "-X", "stream", "-c", "fast", "--no-sync",
            ]))
    }

    /// Names this moment, for ``restore(to:)``.
    public func nameMoment(_ name: String) async throws {
        try await run("select pg_create_restore_point('\(name)'); select pg_switch_wal()")
    }

    /// Loses everything after a named moment: the server is killed, its data is the backup's, and the archived log is
    /// played up to that moment.
    public func restore(to moment: String) async throws {
        try await run("select pg_switch_wal()")
        let segment = "select coalesce(last_archived_wal, '') from pg_stat_archiver"
        let before = try await texts("select pg_walfile_name(pg_current_wal_lsn())").first ?? ""
        try await server.waitUntil("has archived its log") {
            // The segment before the present one is full, and so on its way into the archive.
            guard let last = try? await self.texts(segment).first, last.count == 24 else { return false }
            return (UInt64(last.suffix(16), radix: 16) ?? 0) + 1 >= (UInt64(before.suffix(16), radix: 16) ?? 0)
        }
        try await stop(.killed)
        try await Program.check(["rm", "-rf", data])
        try await Program.check(Self.asServer(["cp", "-a", backup, data]))
        try await Program.check(Self.asServer(["touch", "\(data)/recovery.signal"]))
        try configure(Options(settings: Self.archiving.settings + ["recovery_target_name = '\(moment)'"]))
        try await start()
        try await server.waitUntil("has left recovery") {
            (try? await self.texts("select pg_is_in_recovery()::text")) == ["false"]
        }
    }

    /// Copies a database into another server by a dump.
    public func dump(_ database: String, into other: OwnPostgres) async throws {
        let source = url(database: database)
        // Roles belong to the server; the superuser is there already.
        let roles = "\(try Self.binary("pg_dumpall")) -d '\(source)' --roles-only | grep -vw postgres"
        let dump = "(\(roles); \(try Self.binary("pg_dump")) -d '\(source)')"
        let load = "\(try Self.binary("psql")) -X -q -v ON_ERROR_STOP=1 -d '\(other.url(database: database))'"
        try await other.run("create database \(database)")
        try await Program.check(["bash", "-c", "set -o pipefail; \(dump) | \(load) >/dev/null"])
    }
}
