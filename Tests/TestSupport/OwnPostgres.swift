import Foundation

/// A PostgreSQL of one test's own, for what would disturb the others on the shared one: stops, crashes, freezing,
/// settings, standbys.
///
/// It keeps its port over stops and starts. It ends with the test and leaves nothing behind; should the process that runs
/// the tests die before, it ends with that. Root lends it the user `postgres`.
public final class OwnPostgres: Sendable {
    /// How it is stopped.
    public enum Stop: Sendable, CaseIterable {
        /// Ends transactions and connections, and writes everything to its files.
        case fast
        /// Ends at once, without a word to anybody; recovers from its log at the next start.
        case immediate
        /// SIGKILL to all its processes: as if the machine had gone.
        case killed
    }

    /// What makes it another than the usual one.
    public struct Options: Sendable {
        /// Lines of postgresql.conf, after the others.
        public var settings: [String]
        /// Lines of pg_hba.conf, before the others.
        public var access: [String]
        /// Files beside its data folder, so `../NAME` in settings; only its own user may read them.
        public var files: [String: String]

        public init(settings: [String] = [], access: [String] = [], files: [String: String] = [:]) {
            self.settings = settings
            self.access = access
            self.files = files
        }
    }

    /// Where it listens, on 127.0.0.1.
    public let port: UInt16
    /// The superuser `postgres`'s.
    public let password: String
    let server: GuardedServer

    var folder: URL { server.folder }
    var data: String { folder.appending(path: "data").path }

    init(folder: URL, password: String) throws {
        port = FreePort.take()
        self.password = password
        server = try GuardedServer(
            "PostgreSQL", folder: folder,
            command: Self.asServer([Self.binary("postgres"), "-D", folder.appending(path: "data").path]),
            environment: ["LC_ALL": "C.UTF-8"],
            // After a SIGKILL a few bytes of shared memory stay, named in the pid file's seventh line.
            after: "read -r _ block < <(sed -n 7p data/postmaster.pid) && ipcrm -m \"$block\"")
    }

    /// `postgres://postgres:…@127.0.0.1:PORT/postgres`
    public var url: String { url(database: "postgres") }

    /// The superuser's URL of a database.
    ///
    /// - Parameter parameters: what follows the question mark.
    public func url(database: String, parameters: String = "") -> String {
        Self.url(of: [self], database: database, parameters: parameters)
    }

    /// The URL that names several servers, in this order; they have one password if they are standbys of each other.
    public static func url(of servers: [OwnPostgres], database: String = "postgres", parameters: String = "") -> String
    {
        let hosts = servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let query = parameters.isEmpty ? "" : "?\(parameters)"
        return "postgres://postgres:\(servers.first?.password ?? "")@\(hosts)/\(database)\(query)"
    }

    /// Makes and starts one, runs `body`, and removes it.
    public static func with<R>(
        _ options: Options = Options(), isolation: isolated (any Actor)? = #isolation,
        _ body: (OwnPostgres) async throws -> R
    ) async throws -> R {
        let server = try await make(options)
        let result: Result<R, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        await server.remove()
        return try result.get()
    }

    /// Makes and starts one; ``remove()`` it.
    public static func make(_ options: Options = Options()) async throws -> OwnPostgres {
        let folder = try await makeFolder()
        let server = try OwnPostgres(folder: folder, password: TestEnvironment.uniqueName("own-"))
        do {
            try await server.create(options)
            try await server.start()
            return server
        } catch {
            await server.remove()
            throw error
        }
    }

    /// Stops it, however it stands, and removes its data.
    public func remove() async { await server.end() }

    /// Starts it again, and returns when it takes connections.
    public func start() async throws {
        try await server.start()
        try await server.waitUntil("takes connections") { isReady }
    }

    /// Line 1 of its pid file is its process, line 8 its state.
    private var isReady: Bool {
        let text = (try? String(contentsOfFile: "\(data)/postmaster.pid", encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 8, pid_t(lines[0]) == server.id else { return false }
        return lines[7].hasPrefix("ready") || lines[7].hasPrefix("standby")
    }

    /// Stops it, and returns when all its processes are gone.
    public func stop(_ how: Stop = .fast) async throws {
        let children = server.children
        switch how {
        case .fast: server.send(SIGINT)
        case .immediate: server.send(SIGQUIT)
        case .killed:
            server.send(SIGKILL)
            for child in children { kill(child, SIGKILL) }
        }
        try await server.waitUntilGone(children)
    }

    /// Stops all its processes in the middle of whatever they do, as a machine that hangs.
    public func freeze() {
        server.send(SIGSTOP)
        for child in server.children { kill(child, SIGSTOP) }
    }

    /// Lets it go on after ``freeze()``.
    public func thaw() {
        for child in server.children { kill(child, SIGCONT) }
        server.send(SIGCONT)
    }
}
