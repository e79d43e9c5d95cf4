import Foundation
import Laboratory
import Store
import TestSupport
import Testing

/// The command line as a person uses it: the shipped executable, a folder, and servers of its own.
struct Terminal {
    /// What a command left behind.
    struct Result {
        var code: Int32
        /// What it wrote, wherever to.
        var output: String

        /// The output as JSON.
        func json() throws -> Any {
            try JSONSerialization.jsonObject(with: Data(output.utf8), options: .fragmentsAllowed)
        }

        func object() throws -> [String: Any] { try #require(try json() as? [String: Any]) }
    }

    let folder: URL
    var environment: [String: String] = [:]

    /// The project's folder.
    static var checkout: URL? {
        sequence(first: URL(fileURLWithPath: #filePath)) { $0.deletingLastPathComponent() }.prefix(12).first {
            FileManager.default.fileExists(atPath: $0.appendingPathComponent("Package.swift").path)
        }
    }

    /// Lends a command line without any server.
    static func with(_ body: (Terminal) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent(TestEnvironment.uniqueName("loods-cli-"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(Terminal(folder: folder))
    }

    /// Lends a command line with a store and a broker, and the starter workspace applied as `shop`.
    static func withServers(
        clock: TestClock = .real, _ body: (Terminal, TestStage) async throws -> Void
    ) async throws {
        try await TestStage.with(clock: clock) { stage in
            try await with { line in
                var line = line
                line.environment = [
                    "LOODS_DATABASE_URL": stage.database.url, "LOODS_AMQP_URL": stage.broker.url,
                    "LOODS_CLOCK": clock.mode.rawValue,
                ]
                try await line("init", line.path("shop"))
                try await line("apply", line.path("shop"), "--yes")
                try await body(line, stage)
            }
        }
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Writes a file, and the folders above it.
    func write(_ text: String, to name: String) throws {
        let file = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// Packs a file; the result has `.gz` behind its name.
    func pack(_ name: String) async throws {
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-k", path(name)]
        await withCheckedContinuation { continuation in
            gzip.terminationHandler = { _ in continuation.resume() }
            do { try gzip.run() } catch { continuation.resume() }
        }
    }

    func edit(_ name: String, _ change: (String) -> String) throws {
        let file = folder.appendingPathComponent(name)
        try write(change(try String(contentsOf: file, encoding: .utf8)), to: name)
    }

    /// Runs a command, which must end with `code`.
    @discardableResult
    func callAsFunction(
        _ arguments: String..., exits code: Int32 = 0, with settings: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Result {
        try await self(arguments, exits: code, with: settings, sourceLocation: sourceLocation)
    }

    @discardableResult
    func callAsFunction(
        _ arguments: [String], exits code: Int32 = 0, with settings: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Result {
        let process = try ServiceProcess(
            "loods", arguments: arguments, environment: environment.merging(settings) { $1 })
        let exit = try await process.waitForExit()
        #expect(exit == .status(code), "\(arguments): \(process.output)", sourceLocation: sourceLocation)
        return Result(code: code, output: process.output)
    }
}
