public import Foundation
import Synchronization
import Testing

/// The catcher in a process of its own: takes any mail by SMTP and keeps it as files.
///
/// Some local parts misbehave (`refuse-550@`, `defer-451@`, `drop-reply@` …); see `catcher --help`.
public struct TestMailServer: Sendable {
    /// One mail as it was received.
    public struct Mail: Sendable, Hashable {
        /// The file's name: they rise in order of receipt.
        public var file: String
        public var from: String
        /// As the envelope has it.
        public var to: String
        /// Header and body as they came, line ends included.
        public var text: String
        /// When the server had it whole, by the host's clock.
        public var receivedAt: Date

        /// A header field's value where it stands on one line; empty where there is none.
        public func field(_ name: String) -> Substring {
            text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ": ") }?.dropFirst(name.count + 2) ?? ""
        }

        /// The subject line as it stands in the header.
        public var subject: Substring { field("Subject") }
    }

    /// `127.0.0.1:PORT`.
    public let address: String
    /// The same as `LOODS_SMTP` takes it.
    public var url: String { "smtp://\(address)" }
    /// Where it listens.
    public var port: Int { Int(address.split(separator: ":").last ?? "") ?? 0 }

    private let directory: URL
    private let process: Running

    /// Starts it, runs `body`, and ends it.
    public static func with<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (TestMailServer) async throws -> R
    ) async throws -> R {
        let server = try await start()
        do {
            let result = try await body(server)
            try await server.stop()
            return result
        } catch {
            try? await server.stop()
            throw error
        }
    }

    /// Starts it on a free port; ``stop()`` it.
    public static func start() async throws -> TestMailServer {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent(TestEnvironment.uniqueName("loods-mail-"))
        let readyFile = directory.appendingPathComponent("ready").path
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let mails = directory.appendingPathComponent("mails")
        let process = try ServiceProcess(
            "catcher",
            arguments: ["--listen", "127.0.0.1:0", "--directory", mails.path, "--ready-file", readyFile])
        let address = try await eventually("the catcher listens") {
            try? String(contentsOfFile: readyFile, encoding: .utf8).split(separator: "\n").first.map(String.init)
        }
        return TestMailServer(address: address, directory: directory, process: Running(process))
    }

    /// Ends it; its mails stay. ``comeBack()`` lets it go on.
    public func goAway() async throws { try await process.current.killNow() }

    /// Starts it again at its old address, after ``goAway()``.
    public func comeBack() async throws {
        let readyFile = directory.appendingPathComponent("ready").path
        try FileManager.default.removeItem(atPath: readyFile)
        process.current = try ServiceProcess(
            "catcher",
            arguments: [
                "--listen", address, "--directory", directory.appendingPathComponent("mails").path, "--ready-file",
                readyFile,
            ])
        try await eventually("the catcher listens again") { FileManager.default.fileExists(atPath: readyFile) }
    }

    /// Ends it and removes its mails.
    public func stop() async throws {
        process.current.send(SIGCONT)
        try await process.current.terminate()
        try FileManager.default.removeItem(at: directory)
    }

    /// All mails so far, in order of receipt.
    public func mails() throws -> [Mail] {
        let folder = directory.appendingPathComponent("mails")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".eml") }
            .sorted().map { file in
                let url = folder.appendingPathComponent(file)
                let text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
                let time = try url.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
                return Mail(file: file, text, receivedAt: time ?? .distantPast)
            }
    }
}

/// The catcher's process, which may be replaced.
private final class Running: Sendable {
    private let process: Mutex<ServiceProcess>

    init(_ process: ServiceProcess) { self.process = Mutex(process) }

    var current: ServiceProcess {
        get { process.withLock { $0 } }
        set { process.withLock { $0 = newValue } }
    }
}

extension TestMailServer.Mail {
    /// Takes off the two lines of envelope that the catcher puts on top.
    fileprivate init(file: String, _ text: String, receivedAt: Date) {
        var envelope: [String: String] = [:]
        var rest = Substring(text)
        while rest.hasPrefix("X-Envelope-"), let end = rest.firstIndex(where: \.isNewline) {
            let line = rest[..<end].split(separator: ": ", maxSplits: 1)
            envelope[String(line[0])] = line.count > 1 ? String(line[1]) : ""
            rest = rest[rest.index(after: end)...]
        }
        self.init(
            file: file, from: envelope["X-Envelope-From"] ?? "", to: envelope["X-Envelope-To"] ?? "",
            text: String(rest), receivedAt: receivedAt)
    }
}
