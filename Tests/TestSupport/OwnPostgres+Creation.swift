import Foundation

extension OwnPostgres {
    /// A program of the newest PostgreSQL that is installed.
    static func binary(_ name: String) throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let paths = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(root)/\($0)/bin/\(name)" }
        guard let path = paths.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw TestSupportError("PostgreSQL's \(name) is not installed: run the tests with deploy/dev test")
        }
        return path
    }

    /// The command as the server's user runs it: PostgreSQL refuses to run as root.
    static func asServer(_ command: [String]) -> [String] {
        guard geteuid() == 0 else { return command }
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] + command
    }

    /// An empty folder that the server's user owns, where it can reach it.
    static func makeFolder() async throws -> URL {
        let name = TestEnvironment.uniqueName("loods-postgres-")
        for parent in [FileManager.default.temporaryDirectory, URL(filePath: "/var/tmp")] {
            let folder = parent.appending(path: name)
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            guard geteuid() == 0 else { return folder }
            try give(folder)
            if try await Program.run(asServer(["test", "-w", folder.path])).status == 0 { return folder }
            try FileManager.default.removeItem(at: folder)
        }
        throw TestSupportError("the user postgres can write into no folder for temporary files")
    }

    private static func give(_ file: URL) throws {
        guard geteuid() == 0 else { return }
        guard let user = getpwnam("postgres")?.pointee, chown(file.path, user.pw_uid, user.pw_gid) == 0 else {
            throw TestSupportError("there is no user postgres to run the server as")
        }
    }

    /// Writes a file beside the data, for the server's user alone.
    func write(_ text: String, to name: String) throws {
        let file = folder.appending(path: name)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        try Self.give(file)
    }

    func create(_ options: Options) async throws {
        try write(password, to: "password")
        try await Program.check(
            Self.asServer([
                try Self.binary("initdb"), "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                "--auth=scram-sha-256", "--pwfile=\(folder.path)/password", "--no-sync",
            ]))
        try await Program.check(
            Self.asServer(["bash", "-c", "echo \"include '../own.conf'\" >>'\(data)/postgresql.conf'"]))
        try configure(options)
    }

    /// Writes its settings anew; they hold from the next start, or from ``reload()`` where that is enough.
    public func configure(_ options: Options) throws {
        for (name, text) in options.files { try write(text, to: name) }
        let local = ["host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256"]
        try write((options.access + local).joined(separator: "\n") + "\n", to: "access.conf")
        let settings = [
            "listen_addresses = '127.0.0.1'", "port = \(port)", "unix_socket_directories = ''",
            "hba_file = '\(folder.path)/access.conf'", "shared_buffers = 32MB", "dynamic_shared_memory_type = mmap",
            "jit = off", "log_min_messages = warning", "cluster_name = 'own\(port)'",
        ]
        try write((settings + options.settings).joined(separator: "\n") + "\n", to: "own.conf")
    }

    /// Has it read its settings again.
    public func reload() { server.send(SIGHUP) }
}
