import Foundation
import Logging
import SMTP
import Testing

/// The catcher as it is shipped, in a process of its own, fed by the pool.
@Suite(.timeLimit(.minutes(10))) struct CatcherProcess {
    private struct Catcher {
        let process: Process
        let port: Int
        let directory: URL
        let ended: AsyncStream<Int32>

        var files: [String] {
            get throws {
                try FileManager.default.contentsOfDirectory(atPath: directory.path)
                    .filter { $0.hasSuffix(".eml") }.sorted()
            }
        }

        func text(_ file: String) throws -> String {
            String(decoding: try Data(contentsOf: directory.appendingPathComponent(file)), as: UTF8.self)
        }

        /// SIGTERM, and its exit status.
        func end() async -> Int32? {
            process.terminate()
            return await ended.first { _ in true }
        }
    }

    /// Starts a catcher and returns when it has said where it listens.
    private func start(in directory: URL) async throws -> Catcher {
        let executable = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("catcher")
        try #require(FileManager.default.isExecutableFile(atPath: executable.path), "the catcher is not built")
        let process = Process()
        process.executableURL = executable
        process.arguments = ["--listen", "127.0.0.1:0", "--directory", directory.path]
        let output = Pipe()
        process.standardOutput = output
        let (ended, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { end.yield($0.terminationStatus) }
        try process.run()
        let (lines, line) = AsyncStream.makeStream(of: Data.self)
        output.fileHandleForReading.readabilityHandler = { line.yield($0.availableData) }
        var said = ""
        for await data in lines {
            said += String(decoding: data, as: UTF8.self)
            if data.isEmpty || said.contains("\n") { break }
        }
        output.fileHandleForReading.readabilityHandler = nil
        let port = said.firstMatch(of: /127\.0\.0\.1:(\d+)/).flatMap { Int($0.1) }
        return Catcher(process: process, port: try #require(port), directory: directory, ended: ended)
    }

    private func withCatcher(_ body: (Catcher, SMTPPool) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("catcher-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let catcher = try await start(in: directory)
        let configuration = try SMTPConfiguration(host: "127.0.0.1", port: catcher.port, helo: "me.test")
        do {
            try await withPool(configuration) { try await body(catcher, $0) }
        } catch {
            catcher.process.terminate()
            throw error
        }
    }

    @Test func everyMailIsAFileOfItsOwnUnderARisingName() async throws {
        try await withCatcher { catcher, pool in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<200 {
                    tasks.addTask {
                        let envelope = try SMTPEnvelope(from: "shop@me.test", to: "c\(number)@you.test")
                        let data = Array("X: \(number)\r\n\r\n.dot\n..\n".utf8)
                        let outcome = try await pool.prepare(envelope, data).commit()
                        #expect(outcome.isAccepted)
                    }
                }
                try await tasks.waitForAll()
            }
            let files = try catcher.files
            #expect(files.count == 200)
            let texts = try Set(files.map(catcher.text))
            for number in 0..<200 {
                let expected =
                    "X-Envelope-From: shop@me.test\r\nX-Envelope-To: c\(number)@you.test\r\n"
                    + "X: \(number)\r\n\r\n.dot\r\n..\r\n"
                #expect(texts.contains(expected))
            }
            #expect(await catcher.end() == 0)
            // Another run counts on and overwrites nothing.
            let again = try await start(in: catcher.directory)
            let configuration = try SMTPConfiguration(host: "127.0.0.1", port: again.port, helo: "me.test")
            try await withPool(configuration) { pool in
                let outcome = try await pool.prepare(envelope, mail).commit()
                #expect(outcome.isAccepted)
            }
            let more = try again.files
            #expect(more.count == 201 && more.dropLast() == files[...])
            #expect(await again.end() == 0)
        }
    }

    @Test func recipientsMisbehaveAsTheirNamesSay() async throws {
        try await withCatcher { catcher, pool in
            func attempt(_ local: String) async throws -> SMTPOutcome {
                try await pool.prepare(SMTPEnvelope(from: "", to: "\(local)@you.test"), mail).commit()
            }
            for (local, code) in [("refuse-550", 550), ("defer-451", 451)] {
                let error = await #expect(throws: SMTPError.self) { try await attempt(local) }
                #expect(error?.phase == .recipient && error?.reply?.code == code)
            }
            let refused = try await attempt("data-554")
            #expect(refused.refusal?.reply?.code == 554)
            let lost = try await attempt("drop-mail")
            #expect(lost.unknownError?.code == .connectionLost)
            #expect(try catcher.files.isEmpty)
            let kept = try await attempt("drop-reply")
            #expect(kept.unknownError?.code == .connectionLost)
            #expect(try catcher.files.count == 1)
            let delayed = try await attempt("delay-20")
            #expect(delayed.isAccepted)
            #expect(try catcher.files.count == 2)
            #expect(await catcher.end() == 0)
        }
    }
}
