public import Foundation
public import Postgres
import Store
public import TestSupport
public import Testing

/// The whole of Loods: the shipped executables in processes of their own, on a store, a broker and a mail server of
/// their own.
///
/// A test starts, kills, freezes and replaces its processes as it likes. What it posts and what it is answered is kept in
/// the ``journal``; when the cluster has come to rest, ``account(expecting:)`` compares the two.
public actor Cluster {
    public nonisolated let stage: TestStage
    public nonisolated let mail: TestMailServer
    /// A server's key of the workspace.
    public nonisolated let writeKey: String
    /// What was sent, and what of it was accepted.
    public nonisolated let journal = Journal()

    nonisolated let environment: [String: String]
    nonisolated let workspace: [String: String]
    private let settings: Settings
    private var processes: [String: ServiceProcess] = [:]
    /// Settings for the next starts in place of a process that dies.
    private var successions: [String: [[String: String]]] = [:]
    /// Those whose end is meant.
    private var leaving: Set<String> = []
    /// Who died while ``supervised(_:)`` ran, in order.
    public private(set) var deaths: [Death] = []

    /// A process that ended, and was started anew.
    public struct Death: Sendable {
        public var name: String
        public var exit: ServiceProcess.Exit
        public var at: ContinuousClock.Instant
    }

    /// Settings beside the cluster's own: by process (`mailer-2`), or by executable (`mailer`) for all of its processes.
    public typealias Settings = [String: [String: String]]

    /// The four services, each once.
    public static let allServices = ["ingest", "scoring", "scheduler", "mailer"]

    /// Names of processes: `count` of each worker, and one ingest.
    public static func workers(_ count: Int) -> [String] {
        ["ingest"]
            + ["scoring", "scheduler", "mailer"].flatMap { name in
                (1...count).map { $0 == 1 ? name : "\(name)-\($0)" }
            }
    }

    /// Starts a cluster with a workspace applied, runs `body`, and ends it all.
    ///
    /// - Parameters:
    ///   - services: what to run, by name; `scoring-2` is a second `scoring`.
    ///   - settings: settings beside the cluster's own, for some processes or all of an executable.
    public static func with(
        services: [String] = allServices, clock: TestClock = .real, settings: Settings = [:],
        workspace: [String: String], _ body: (Cluster) async throws -> Void
    ) async throws {
        try await TestStage.with(clock: clock) { stage in
            try await with(services: services, on: stage, settings: settings, workspace: workspace, body)
        }
    }

    /// The same on a store and a broker that the caller has made, such as servers of the test's own.
    ///
    /// - Parameter release: the folder of another release, that applies the workspace and whose services are started.
    public static func with(
        services: [String] = allServices, on stage: TestStage, release: URL? = nil, settings: Settings = [:],
        workspace: [String: String], _ body: (Cluster) async throws -> Void
    ) async throws {
        try await TestMailServer.with { mail in
            let cluster = try await Cluster(
                stage: stage, mail: mail, release: release, settings: settings, workspace: workspace)
            do {
                for service in services { try await cluster.start(service, from: release) }
                for service in services { try await cluster.process(service).waitUntilReady() }
                try await body(cluster)
                await cluster.end()
            } catch {
                await cluster.end()
                throw error
            }
        }
    }

    private init(
        stage: TestStage, mail: TestMailServer, release: URL?, settings: Settings, workspace: [String: String]
    ) async throws {
        self.stage = stage
        self.mail = mail
        self.settings = settings
        self.workspace = workspace
        // It stays the same over restarts of ingest.
        let port = FreePort.take()
        environment = [
            "LOODS_DATABASE_URL": stage.database.url, "LOODS_AMQP_URL": stage.broker.url,
            "LOODS_CLOCK": stage.clock.mode.rawValue, "LOODS_SMTP": mail.url, "LOODS_SMTP_CONNECTIONS": "4",
            "LOODS_HELO": "localhost", "LOODS_PUBLIC_URL": "http://127.0.0.1:\(port)",
            "LOODS_LINK_SECRET": "k1:" + Data(repeating: 7, count: 32).base64EncodedString(),
            "LOODS_LISTEN": "127.0.0.1:\(port)", "LOODS_ERASURE_SECRET": "a secret of the laboratory",
        ]
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "loods-workspace-\(UUID().uuidString)")
        for (path, text) in workspace {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try await Self.loods(["apply", "--yes", folder.path], environment, from: release)
        writeKey = try await Self.loods(["keys", "create", "--kind", "server"], environment, from: release)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    // MARK: Processes

    /// Starts a process under a name that no running one has.
    ///
    /// - Parameters:
    ///   - extra: settings of this one process, until it is started anew.
    ///   - release: the folder of another release whose executable is taken.
    ///   - successions: the same for the processes that ``restartDead()`` starts in its place, one after the other.
    public func start(
        _ service: String, with extra: [String: String] = [:], from release: URL? = nil,
        then successions: [[String: String]] = []
    ) throws {
        self.successions[service] = successions
        leaving.remove(service)
        let executable = Self.executable(service)
        // With its own rights on the store and no others, unless a test says otherwise. The release before knew one owner's
        // login for everything, which the roles must let it go on with.
        let rights = release == nil ? ["LOODS_DATABASE_URL": stage.database.url(as: executable)] : [:]
        let own = rights.merging(settings[executable] ?? [:]) { $1 }.merging(settings[service] ?? [:]) { $1 }
        processes[service] = try ServiceProcess(
            executable, environment: environment.merging(own) { $1 }.merging(extra) { $1 }, from: release)
    }

    private static func executable(_ service: String) -> String { String(service.prefix { $0 != "-" }) }

    public func process(_ service: String) throws -> ServiceProcess { try #require(processes[service]) }

    /// The names of all processes of an executable that were started and not taken away.
    public func processes(of executable: String) -> [String] {
        processes.keys.filter { Self.executable($0) == executable }.sorted()
    }

    /// SIGKILL; returns when it is gone.
    public func kill(_ service: String) async throws { try await process(service).killNow() }

    /// SIGTERM; returns when the process has ended by itself.
    public func stop(_ service: String) async throws {
        try await askToLeave(service)
        let exit = try await process(service).waitForExit()
        // One that was to die somewhere may have come there only now.
        #expect(exit == .status(0) || exit == .signal(SIGKILL), "\(service) did not end well: \(exit)")
    }

    private func askToLeave(_ service: String) async throws {
        leaving.insert(service)
        // One that was started a moment ago may not know SIGTERM yet.
        try? await process(service).waitUntilReady()
        try process(service).send(SIGTERM)
    }

    /// SIGSTOP: the process stands still wherever it is, its connections open.
    public func freeze(_ service: String) async throws { try await process(service).freeze() }

    /// SIGCONT.
    public func thaw(_ service: String) throws { try process(service).send(SIGCONT) }

    /// SIGKILL, and a new process in its place.
    public func killAndRestart(_ service: String) async throws {
        try await kill(service)
        try start(service)
    }

    /// Ends processes well and starts others in their places, with settings of their own; returns when these are ready.
    public func replace(
        _ services: [String], with extra: [String: String] = [:], then successions: [[String: String]] = []
    ) async throws {
        for service in services { try await askToLeave(service) }
        for service in services {
            try await stop(service)
            try start(service, with: extra, then: successions)
        }
        for service in services {
            let process = try process(service)
            do {
                try await process.waitUntilReady()
            } catch  where process.exit == .signal(SIGKILL) && !extra.isEmpty {
                // It was to die somewhere, and came there before it was ready.
            }
        }
    }

    /// Starts those anew that have ended, with the cluster's settings alone, or those of their succession.
    public func restartDead() throws {
        for (name, process) in processes {
            guard let exit = process.exit, !leaving.contains(name) else { continue }
            deaths.append(Death(name: name, exit: exit, at: .now))
            var rest = successions[name] ?? []
            try start(name, with: rest.isEmpty ? [:] : rest.removeFirst(), then: rest)
        }
    }

    /// Runs `body` while somebody watches the processes and starts anew whoever dies.
    public nonisolated func supervised<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        let supervisor = Task {
            var pace = Pace(every: .milliseconds(20))
            while !Task.isCancelled {
                _ = try? await self.restartDead()
                try? await pace.next()
            }
        }
        defer { supervisor.cancel() }
        return try await body()
    }

    /// SIGTERM to all; what is frozen goes on first.
    public func end() async {
        for process in processes.values {
            process.send(SIGCONT)
            process.send(SIGTERM)
        }
        for process in processes.values { _ = try? await process.waitForExit() }
    }

    /// Runs the command line, which must succeed, and returns what it prints.
    public nonisolated func loods(_ arguments: String...) async throws -> String {
        try await Self.loods(arguments, environment)
    }

    /// Starts the command line and lets it run.
    public nonisolated func launch(_ arguments: String..., with extra: [String: String] = [:]) throws -> ServiceProcess
    {
        try ServiceProcess("loods", arguments: arguments, environment: environment.merging(extra) { $1 })
    }

    /// The same with a list of arguments.
    public nonisolated func launch(_ arguments: [String]) throws -> ServiceProcess {
        try ServiceProcess("loods", arguments: arguments, environment: environment)
    }

    /// Runs the command line, which must end with `code`, and returns what it prints.
    public nonisolated func command(
        _ arguments: String..., exits code: Int32, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let process = try ServiceProcess("loods", arguments: arguments, environment: environment)
        let exit = try await process.waitForExit(within: .seconds(240))
        #expect(exit == .status(code), "\(process.output)", sourceLocation: sourceLocation)
        return process.output
    }

    private static func loods(
        _ arguments: [String], _ environment: [String: String], from release: URL? = nil
    ) async throws -> String {
        let process = try ServiceProcess("loods", arguments: arguments, environment: environment, from: release)
        let exit = try await process.waitForExit(within: .seconds(240))
        #expect(exit == .status(0), "loods \(arguments.joined(separator: " ")): \(process.output)")
        return process.output
    }

    // MARK: The store

    /// How many people there are: contacts that have merged into others are not counted.
    public nonisolated var contacts: Int {
        get async throws { try await count("select count(*) from contacts where merged_into is null") }
    }

    public nonisolated func count(_ query: Query) async throws -> Int {
        try await stage.database.pool.withConnection { Int(try $0.query(query)[0][0, as: Int64.self]) }
    }

    /// The first column of a query's rows.
    public nonisolated func texts(_ query: Query) async throws -> [String] {
        try await stage.database.pool.withConnection { try $0.query(query).map { try $0[0, as: String.self] } }
    }
}
