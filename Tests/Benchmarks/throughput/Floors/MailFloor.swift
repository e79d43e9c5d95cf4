import Foundation
import Logging
import SMTP

/// Hands over ready-made messages, as many connections at once as a mailer opens.
struct MailFloor: Sendable {
    let server: Address
    let sessions: Int
    /// Postfix's `smtp-source`; without it our own connections are the floor.
    let smtpSource: String?
    var sender = "shop@mail.example"

    /// By the bare program.
    func send(_ count: Int, bytes: Int) async throws {
        guard let smtpSource else { return try await sendByPool(count, bytes: bytes) }
        let arguments = [
            "-d", "-s", "\(min(sessions, count))", "-m", "\(count)", "-l", "\(bytes)", "-M", "floor.example",
            "-f", sender, "-t", "reader@mail.example", "\(server.host):\(server.port)",
        ]
        try await onThread {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: smtpSource)
            process.arguments = arguments
            process.standardOutput = FileHandle.standardError
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw MeasurementFault("smtp-source failed") }
        }
    }

    /// By the mailer's own connections, without anything of the mailer.
    func sendByPool(_ count: Int, bytes: Int) async throws {
        let pool = SMTPPool(
            try SMTPConfiguration(
                host: server.host, port: server.port, encryption: .none, helo: "floor.example", maxConnections: sessions
            ),
            logger: Logger(label: "throughput"))
        let envelope = try SMTPEnvelope(from: sender, to: "reader@mail.example")
        let message = Self.message(bytes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<min(sessions, count) {
                let share = (count - lane - 1) / sessions + 1
                group.addTask {
                    for _ in 0..<share {
                        guard case .accepted = await (try pool.prepare(envelope, message)).commit() else {
                            throw MeasurementFault("the mail server did not accept a message")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        await pool.shutdown()
    }

    private static func message(_ bytes: Int) -> [UInt8] {
        let line = Array("The least that must be done, in lines of a decent length, and many of them.\r\n".utf8)
        var message = Array("From: shop@mail.example\r\nSubject: floor\r\n\r\n".utf8)
        while message.count < bytes { message += line }
        return message
    }
}
