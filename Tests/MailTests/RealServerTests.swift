import Foundation
import Logging
import Mail
import Model
import SMTP
import TestSupport
import Testing

/// Mail servers from Debian take our mails, and deliver them as we made them, to the octet.
@Suite(.serialized, .timeLimit(.minutes(10))) struct RealServers {
    private static let environment = ProcessInfo.processInfo.environment
    private static let script = environment["LOODS_TEST_MAIL_SERVER"]
    private static let packages = environment["LOODS_TEST_MAIL_PACKAGES"]

    /// Runs one in an overlay, for as long as `body` takes.
    private static func with(
        _ server: String, _ body: (_ port: Int, _ box: String) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let free = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
            let answer = try await Outside.run("/usr/bin/env", ["python3", "-c", free])
            let port = try #require(Int(String(decoding: answer, as: UTF8.self).filter(\.isNumber)))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(script))
            process.arguments = [server, "\(port)", folder, try #require(packages)]
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            defer {
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
            try await body(port, "\(folder)/box/new")
        }
    }

    @Test(
        .enabled(if: script != nil, "LOODS_TEST_MAIL_SERVER names nothing that runs mail servers: only root may"),
        arguments: ["postfix", "exim", "opensmtpd"])
    func mailsArriveAsTheyWereMade(_ server: String) async throws {
        try await Self.with(server) { port, box in
            let pool = SMTPPool(
                try SMTPConfiguration(
                    host: "127.0.0.1", port: port, encryption: .opportunistic, helo: "sender.shop.test",
                    maxConnections: 2),
                logger: Logger(label: "test"))
            let signer = try SampleKeys.signer(Verification.identities)
            let sent = try Verification.mails(to: "box@box.test").map {
                try signer.signed($0.encoded(), at: Timestamp(seconds: 1_772_442_000))
            }
            let envelope = try SMTPEnvelope(from: "bounce+x@shop.test", to: "box@box.test")
            try await eventually("\(server) is installed and listens", every: .milliseconds(200)) {
                guard let prepared = try? await pool.prepare(envelope, sent[0]) else { return false }
                await prepared.abandon()
                return true
            }
            for mail in sent {
                let outcome = try await pool.prepare(envelope, mail).commit()
                guard case .accepted = outcome else {
                    Issue.record("\(server): \(outcome)")
                    continue
                }
            }
            let stranger = try SMTPEnvelope(from: "bounce+x@shop.test", to: "who@elsewhere.test")
            let refusal = await #expect(throws: SMTPError.self) { try await pool.prepare(stranger, sent[0]) }
            #expect(refusal?.concernsMessage == true && refusal?.isTransient == false, "\(String(describing: refusal))")
            let files = FileManager.default
            try await eventually("\(server) has delivered all") {
                (try? files.contentsOfDirectory(atPath: box))?.count == sent.count
            }
            await pool.shutdown()
            let delivered = try files.contentsOfDirectory(atPath: box).map {
                try String(contentsOfFile: "\(box)/\($0)", encoding: .utf8).replacing("\n", with: "\r\n")
            }
            for mail in sent {
                let text = String(decoding: mail, as: UTF8.self)
                #expect(delivered.contains { $0.hasSuffix(text) }, "\(server) changed \(text.prefix(2_000))")
            }
            guard Verification.dkimpy != nil else { return }
            let verdicts = try await Verification.dkimpyVerdicts(delivered)
            #expect(verdicts == Array(repeating: [true, true], count: sent.count), "\(server)")
        }
    }
}
