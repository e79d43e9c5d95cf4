public import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One of the shipped executables in a process of its own.
///
/// It inherits nothing but the search path from the environment. What it writes goes to a file, so it never waits for a
/// reader.
public final class ServiceProcess: Sendable {
    /// The executable's name.
    public let name: String
    /// The process's id.
    public let id: Int32

    private let log: URL
    private let ending: Ending

    /// How a process ended.
    public enum Exit: Sendable, Hashable {
        case status(Int32)
        case signal(Int32)
    }

    /// Starts an executable that lies beside the test runner, or in another folder.
    ///
    /// A service gets free ports, and says in its log which; see ``address(of:)``. Its drain is 10 s at most.
    public init(
        _ name: String, arguments: [String] = [], environment: [String: String] = [:], from folder: URL? = nil
    ) throws {
        self.name = name
        log = FileManager.default.temporaryDirectory
            .appendingPathComponent(TestEnvironment.uniqueName("loods-\(name)-") + ".log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = try folder?.appendingPathComponent(name) ?? Self.executable(name)
        process.arguments = arguments
        let inherited = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "TMPDIR"].contains($0.key) }
        let defaults = [
            "LOODS_OPERATIONS_LISTEN": "127.0.0.1:0", "LOODS_LISTEN": "127.0.0.1:0", "LOODS_DRAIN_SECONDS": "10",
        ]
        process.environment = inherited.merging(defaults) { $1 }.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let ending = Ending()
        self.ending = ending
        process.terminationHandler = { process in
            let status = process.terminationStatus
            ending.set(process.terminationReason == .uncaughtSignal ? .signal(status) : .status(status))
        }
        try process.run()
        try output.close()
        id = process.processIdentifier
    }

    deinit {
        if ending.exit == nil { kill(id, SIGKILL) }
        try? FileManager.default.removeItem(at: log)
    }

    /// An executable beside the test runner.
    public static func executable(_ name: String) throws -> URL {
        let url = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent(name)
        guard FileManager.default.isExecutableFile(atPath: url.path) else {
            throw TestSupportError("\(name) is not built: run swift build")
        }
        return url
    }

    /// All that the process has written so far.
    public var output: String {
        (try? Data(contentsOf: log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// How it ended; nil while it runs.
    public var exit: Exit? { ending.exit }

    /// Sends a signal: SIGTERM to ask for a graceful end, SIGKILL, SIGSTOP, SIGCONT.
    public func send(_ signal: Int32) {
        if ending.exit == nil { kill(id, signal) }
    }

    /// Waits until the process has ended.
    ///
    /// - Throws: `TestSupportError` with the end of its output where it goes on.
    public func waitForExit(within bound: Duration = .longEnough) async throws -> Exit {
        try await eventuallyOrOutput("\(name) ends", within: bound) { self.exit }
    }

    /// SIGTERM, and how it ended.
    @discardableResult
    public func terminate(within bound: Duration = .longEnough) async throws -> Exit {
        send(SIGTERM)
        return try await waitForExit(within: bound)
    }

    /// SIGKILL, and waits until it is gone.
    public func killNow() async throws {
        send(SIGKILL)
        _ = try await waitForExit()
    }

    /// Whether it stands still, stopped by a signal.
    public var isStopped: Bool {
        // The state follows the name, which stands in parentheses (proc(5)).
        guard exit == nil, let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return false }
        return text[name...].dropFirst(2).first == "T"
    }

    /// SIGSTOP, and waits until it stands still. SIGCONT lets it go on.
    public func freeze() async throws {
        send(SIGSTOP)
        try await waitUntilStopped()
    }

    /// Waits until the process stands still, stopped by whomever.
    public func waitUntilStopped(within bound: Duration = .longEnough) async throws {
        _ = try await eventuallyOrOutput("\(name) stands still", within: bound) { self.isStopped ? true : nil }
    }

    /// Where the process listens (`HOST:PORT`), by the sentence with which it logs it.
    public func address(of what: Listener, within bound: Duration = .longEnough) async throws -> String {
        try await eventuallyOrOutput("\(name) listens", within: bound) {
            self.output.split(separator: "\n").lazy
                .filter { $0.contains(what.rawValue) }
                .compactMap { $0.firstMatch(of: /"address":"([^"]+)"/).map { String($0.1) } }.last
        }
    }

    /// What a service listens for.
    public enum Listener: String, Sendable {
        case operations = "operations server listens"
        case events = "event API listens"
    }

    /// Waits until `/readyz` answers 200.
    public func waitUntilReady(within bound: Duration = .longEnough) async throws {
        let address = try await address(of: .operations, within: bound)
        guard let url = URL(string: "http://\(address)/readyz") else { throw TestSupportError("no URL: \(address)") }
        _ = try await eventuallyOrOutput("\(name) is ready", within: bound) {
            let answer = try? await URLSession.shared.data(from: url)
            return (answer?.1 as? HTTPURLResponse)?.statusCode == 200 ? true : nil
        }
    }

    private func eventuallyOrOutput<Value: Sendable>(
        _ what: String, within bound: Duration, _ value: () async -> Value?
    ) async throws -> Value {
        let deadline = ContinuousClock.now + bound
        while true {
            // Read first: it may end between the two looks.
            let exit = exit
            if let value = await value() { return value }
            if let exit {
                throw TestSupportError("\(name) ended (\(exit)) before: \(what)\n\(output.suffix(4000))")
            }
            guard ContinuousClock.now < deadline else {
                throw TestSupportError("not within \(bound): \(what)\n\(output.suffix(4000))")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// The end of a process, written by Foundation's thread.
final class Ending: Sendable {
    private let state = Mutex<ServiceProcess.Exit?>(nil)

    var exit: ServiceProcess.Exit? { state.withLock { $0 } }

    func set(_ exit: ServiceProcess.Exit) { state.withLock { $0 = exit } }
}
