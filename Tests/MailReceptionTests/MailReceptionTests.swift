import Logging
import MailReception
import NIOCore
import NIOPosix
import SMTP
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

/// A reception on a socket, spoken to by our own client and by hand.
@Suite struct MailReceptionTests {
    private final class Desk: Sendable {
        let mails = Mutex<[ReceivedMail]>([])
        let answer: Mutex<ReceptionAnswer> = Mutex(.taken)
    }

    private static func with(
        _ limits: ReceptionLimits = ReceptionLimits(), tls: ReceptionTLS? = nil,
        _ body: (Int, Desk) async throws -> Void
    ) async throws {
        let (port, desk) = (Int(FreePort.take()), Desk())
        let reception = MailReception(
            host: "127.0.0.1", port: port, name: "mx.shop.example", limits: limits, tls: tls,
            logger: TestEnvironment.quiet,
            accepts: { $0.hasPrefix("b+") },
            deal: { mail in
                desk.mails.withLock { $0.append(mail) }
                return desk.answer.withLock { $0 }
            })
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: reception)], logger: TestEnvironment.quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await eventually("it listens") { (try? await Self.dialog(port, "QUIT\r\n")) != nil }
            try await body(port, desk)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Sends text as it is, and returns all that is answered until the other side closes.
    private static func dialog(_ port: Int, _ text: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { input, output in
            try await output.write(ByteBuffer(string: text))
            var answer = ""
            for try await bytes in input { answer += String(buffer: bytes) }
            return answer
        }
    }

    private static func expect(_ text: String, at port: Int, toEndIn end: String) async throws {
        let answer = try await dialog(port, text)
        #expect(answer.hasSuffix(end), "\(answer)")
    }

    private static func pool(_ port: Int) throws -> SMTPPool {
        let configuration = try SMTPConfiguration(
            host: "127.0.0.1", port: port, encryption: .none, helo: "mx.example.net", maxConnections: 2)
        return SMTPPool(configuration, logger: TestEnvironment.quiet)
    }

    @Test func aMailIsHandedOverBeforeItIsTaken() async throws {
        try await Self.with { port, desk in
            let pool = try Self.pool(port)
            let envelope = try SMTPEnvelope(from: "", to: "b+token@bounces.shop.example")
            let prepared = try await pool.prepare(envelope, Array("Subject: no\r\n\r\n.dot\r\n".utf8))
            guard case .accepted = await prepared.commit() else { return #expect(Bool(false), "it is taken") }
            #expect(
                desk.mails.withLock { $0 } == [
                    ReceivedMail(
                        from: "", recipients: ["b+token@bounces.shop.example"],
                        bytes: Array("Subject: no\r\n\r\n.dot\r\n".utf8))
                ])
            desk.answer.withLock { $0 = .later }
            let again = try await pool.prepare(envelope, Array("Subject: no\r\n\r\n".utf8))
            guard case .deferred(let error) = await again.commit() else { return #expect(Bool(false), "it is put off") }
            #expect(error.reply?.code == 451)
            await #expect(throws: SMTPError.self, "nobody else is written to") {
                let other = try SMTPEnvelope(from: "a@b.test", to: "anne@elsewhere.example")
                _ = try await pool.prepare(other, Array("Subject: no\r\n\r\n".utf8))
            }
            await pool.shutdown()
        }
    }

    @Test func bareLineFeedsAndLongLinesEndTheConnection() async throws {
        try await Self.with { port, desk in
            let smuggled = "EHLO x.test\r\nMAIL FROM:<>\r\nRCPT TO:<b+1@x.test>\r\nDATA\r\nhello\n.\nMAIL FROM:<>\r\n"
            try await Self.expect(smuggled, at: port, toEndIn: "521 5.5.2 bare line feed\r\n")
            try await Self.expect("EHLO x.test\n", at: port, toEndIn: "521 5.5.2 bare line feed\r\n")
            let long = String(repeating: "x", count: 3_000)
            try await Self.expect(long, at: port, toEndIn: "500 5.5.2 line too long\r\n")
            #expect(desk.mails.withLock { $0.isEmpty })
        }
    }

    @Test func whoeverSaysNothingIsLeftAndWhoeverComesTooOftenIsNotHeard() async throws {
        var limits = ReceptionLimits()
        limits.idleMilliseconds = 200
        try await Self.with(limits) { port, _ in
            try await Self.expect(
                "EHLO x.test\r\n", at: port, toEndIn: "421 4.4.2 nothing has come for too long\r\n")
        }
        // Patient, so that the first two are there while the others come.
        limits = ReceptionLimits()
        limits.connectionsOfOne = 2
        final class Ended: Sendable { let count = Mutex(0) }
        var dialogs: [Task<String, Never>] = []
        let ended = Ended()
        try await Self.with(limits) { port, _ in
            dialogs = (1...4).map { _ in
                Task {
                    let answer = (try? await Self.dialog(port, "NOOP\r\n")) ?? ""
                    ended.count.withLock { $0 += 1 }
                    return answer
                }
            }
            try await eventually("two are turned away") { ended.count.withLock { $0 } == 2 }
        }
        var answers: [String] = []
        for dialog in dialogs { answers.append(await dialog.value) }
        #expect(answers.count { $0.hasPrefix("220 ") } == 2, "\(answers)")
    }

    @Test func pipelinedMailsAreAnsweredInTheirOrder() async throws {
        try await Self.with { port, desk in
            let mail = "MAIL FROM:<>\r\nRCPT TO:<b+1@x.test>\r\nDATA\r\nhello\r\n.\r\n"
            let answer = try await Self.dialog(port, "EHLO x.test\r\n\(mail)\(mail)QUIT\r\n")
            #expect(
                answer.split(separator: "\r\n").map { $0.prefix(3) }.suffix(9) == [
                    "250", "250", "354", "250", "250", "250", "354", "250", "221",
                ])
            #expect(desk.mails.withLock { $0.count } == 2)
        }
    }

    @Test func withACertificateMailsComeByTLS() async throws {
        let authority = try await TestAuthority.make()
        let own = try await authority.issue(to: "localhost")
        try await ReceptionTLSTests.withFiles([own.certificate, own.key, authority.certificate]) { paths in
            try await Self.with(tls: try ReceptionTLS(certificate: paths[0], key: paths[1])) { port, desk in
                let configuration = try SMTPConfiguration(
                    host: "localhost", port: port, encryption: .required, helo: "mx.example.net",
                    certificateAuthorityFile: paths[2], maxConnections: 1)
                let pool = SMTPPool(configuration, logger: TestEnvironment.quiet)
                let envelope = try SMTPEnvelope(from: "", to: "b+token@bounces.shop.example")
                for _ in 1...2 {
                    let prepared = try await pool.prepare(envelope, Array("Subject: no\r\n\r\nhello\r\n".utf8))
                    guard case .accepted = await prepared.commit() else { return #expect(Bool(false), "it is taken") }
                }
                await pool.shutdown()
                #expect(desk.mails.withLock { $0.count } == 2)
                // What is sent in the clear behind the command is no part of what comes by TLS.
                let smuggled = "EHLO x.test\r\nSTARTTLS\r\nMAIL FROM:<>\r\nRCPT TO:<b+1@x.test>\r\nDATA\r\nx\r\n.\r\n"
                var limits = ReceptionLimits()
                limits.idleMilliseconds = 3_000
                try await Self.with(limits, tls: try ReceptionTLS(certificate: paths[0], key: paths[1])) { port, desk in
                    let answer = try await Self.dialog(port, smuggled)
                    #expect(answer.contains("\r\n220 2.0.0 go ahead\r\n") && !answer.contains("354"), "\(answer)")
                    #expect(desk.mails.withLock { $0.isEmpty })
                }
            }
        }
    }
}
