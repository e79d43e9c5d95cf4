import Foundation
import Postgres
import Store
import TestSupport
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The whole of Loods: the shipped executables in processes of their own, on a store, a broker and a mail server of
/// their own.
actor Cluster {
    nonisolated let stage: TestStage
    nonisolated let mail: TestMailServer
    /// A server's key of the workspace.
    nonisolated let writeKey: String

    private let environment: [String: String]
    private var processes: [String: ServiceProcess] = [:]

    /// Starts a cluster with a workspace applied, runs `body`, and ends it all.
    ///
    /// - Parameter services: what to run, by name; `scoring-2` is a second `scoring`.
    static func with(
        services: [String] = ["ingest", "scoring", "scheduler", "mailer"], clock: TestClock = .real,
        workspace: [String: String], _ body: (Cluster) async throws -> Void
    ) async throws {
        try await TestStage.with(clock: clock) { stage in
            try await TestMailServer.with { mail in
                let cluster = try await Cluster(stage: stage, mail: mail, workspace: workspace)
                do {
                    for service in services { try await cluster.start(service) }
                    for service in services { try await cluster.process(service).waitUntilReady() }
                    try await body(cluster)
                    await cluster.stop()
                } catch {
                    await cluster.stop()
                    throw error
                }
            }
        }
    }

    private init(stage: TestStage, mail: TestMailServer, workspace: [String: String]) async throws {
        self.stage = stage
        self.mail = mail
        let port = try freePort()
        environment = [
            "LOODS_DATABASE_URL": stage.database.url, "LOODS_AMQP_URL": stage.broker.url,
            "LOODS_CLOCK": stage.clock.mode.rawValue, "LOODS_SMTP": mail.url, "LOODS_SMTP_CONNECTIONS": "4",
            "LOODS_HELO": "localhost", "LOODS_PUBLIC_URL": "http://127.0.0.1:\(port)",
            "LOODS_LINK_SECRET": "k1:" + Data(repeating: 7, count: 32).base64EncodedString(),
            "LOODS_LISTEN": "127.0.0.1:\(port)",
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
        _ = try await Self.loods(["apply", "--yes", folder.path], environment)
        writeKey = try await Self.loods(["keys", "create", "--kind", "server"], environment)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    // MARK: Processes

    func start(_ service: String) throws {
        let executable = String(service.prefix { $0 != "-" })
        processes[service] = try ServiceProcess(executable, environment: environment)
    }

    func process(_ service: String) throws -> ServiceProcess { try #require(processes[service]) }

    /// SIGKILL, and a new process in its place.
    func killAndRestart(_ service: String) async throws {
        try await process(service).killNow()
        try start(service)
    }

    private func stop() async {
        for process in processes.values { process.send(SIGTERM) }
        for process in processes.values { _ = try? await process.waitForExit() }
    }

    /// Runs the command line, which must succeed, and returns what it prints.
    nonisolated func loods(_ arguments: String...) async throws -> String {
        try await Self.loods(arguments, environment)
    }

    private static func loods(_ arguments: [String], _ environment: [String: String]) async throws -> String {
        let process = try ServiceProcess("loods", arguments: arguments, environment: environment)
        let exit = try await process.waitForExit(within: .seconds(60))
        #expect(exit == .status(0), "loods \(arguments.joined(separator: " ")): \(process.output)")
        return process.output
    }

    // MARK: The edge

    nonisolated var ingest: String { environment["LOODS_PUBLIC_URL"] ?? "" }

    /// Posts a batch until it is answered 200, as an SDK does; answers how often it had to.
    @discardableResult
    nonisolated func post(_ events: [[String: Any]]) async throws -> Int {
        let body = try JSONSerialization.data(withJSONObject: ["batch": events])
        var attempts = 0
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            attempts += 1
            if try await send(body) == 200 { return attempts }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw URLError(.timedOut)
    }

    private nonisolated func send(_ body: Data) async throws -> Int? {
        var request = URLRequest(url: try #require(URL(string: ingest + "/v1/batch")))
        request.httpMethod = "POST"
        request.httpBody = body
        request.timeoutInterval = 10
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let credentials = Data("\(writeKey):".utf8).base64EncodedString()
        request.setValue("Basic \(credentials)", forHTTPHeaderField: "Authorization")
        let answer = try? await URLSession.shared.data(for: request)
        return (answer?.1 as? HTTPURLResponse)?.statusCode
    }

    /// GET or POST of a link as it stands in a mail; answers the status and where it leads.
    nonisolated func open(_ link: String, method: String = "GET", body: String? = nil) async throws -> (Int, String) {
        var request = URLRequest(url: try #require(URL(string: link)))
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        let session = URLSession(configuration: .ephemeral, delegate: NoRedirects(), delegateQueue: nil)
        defer { session.invalidateAndCancel() }
        let (data, response) = try await session.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        return (
            answer.statusCode, answer.value(forHTTPHeaderField: "Location") ?? String(decoding: data, as: UTF8.self)
        )
    }

    // MARK: The store

    nonisolated func count(_ query: Query) async throws -> Int {
        try await stage.database.pool.withConnection { Int(try $0.query(query)[0][0, as: Int64.self]) }
    }
}

private final class NoRedirects: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}

/// A port of the loopback interface that nobody listens on now. It stays the same over restarts of ingest.
private func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return try withUnsafeMutablePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            try #require(bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0)
        }
        return UInt16(bigEndian: pointer.pointee.sin_port)
    }
}
