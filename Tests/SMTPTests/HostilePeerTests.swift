import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import SMTP
import Testing

/// What servers do to their clients, on purpose or not, and what we make of it. Each misbehaves once:
/// whatever that was, the next delivery finds the pool in order.
@Suite(.timeLimit(.minutes(10))) struct HostilePeers {
    enum Expectation: Sendable {
        case accepted
        /// Nothing but the final dot was missing, or not even that.
        case failed(SMTPError.Code, SMTPPhase)
        case deferred(SMTPError.Code)
        case refused
        /// The dot was sent, and nobody knows.
        case unknown(SMTPError.Code)
    }

    struct Peer: Sendable, CustomTestStringConvertible {
        var name: String
        /// The verb that it misbehaves at; `greeting`, or the final dot.
        var verb: String
        var response: Response
        var expectation: Expectation
        var pipelining = true
        var startTLS = false
        var encryption = SMTPConfiguration.Encryption.none
        var hasCredentials = false

        var testDescription: String { "\(name) at \(verb)" }
    }

    // MARK: The table

    private static let thousand =
        (0..<1000).map { "250-line \($0)" }.joined(separator: "\r\n") + "\r\n250 end"

    /// In the order of a connection, with the phase that an error names.
    private static let verbs: [(verb: String, phase: SMTPPhase)] = [
        ("greeting", .greeting), ("EHLO", .hello), ("STARTTLS", .startTLS), ("AUTH", .authentication), ("MAIL", .mail),
        ("RCPT", .recipient), ("DATA", .data),
    ]

    private static func peer(
        _ name: String, _ verb: String, _ response: Response, _ expectation: Expectation, pipelining: Bool = true
    ) -> Peer {
        Peer(
            name: name, verb: verb, response: response, expectation: expectation, pipelining: pipelining,
            startTLS: verb == "STARTTLS", encryption: verb == "STARTTLS" ? .opportunistic : .none,
            hasCredentials: verb == "AUTH")
    }

    static let peers: [Peer] = {
        var peers = [
            peer("a slow banner", "greeting", .late("220 at last", after: .milliseconds(150)), .accepted),
            peer("a banner in lines", "greeting", .reply("220-one\r\n220-two\r\n220 three"), .accepted),
            peer("another service", "greeting", .reply("SSH-2.0-OpenSSH_9.2"), .failed(.malformedReply, .greeting)),
            peer(
                "a banner without end", "greeting", .reply(String(repeating: "2", count: 100_000)),
                .failed(.malformedReply, .greeting)),
            peer("no service", "greeting", .reply("554 no service here"), .failed(.refused, .greeting)),
            peer("a later recipient refused", "RCPT", .reply("550 5.1.1 nobody"), .failed(.refused, .recipient)),
            peer("a forwarding reply", "RCPT", .reply("251 will forward"), .accepted),
            peer("an undecided reply", "RCPT", .reply("252 cannot verify"), .accepted),
            peer("go on before the data", "RCPT", .reply("354 go on"), .failed(.malformedReply, .recipient)),
            peer("done instead of go on", "DATA", .reply("250 ok"), .failed(.malformedReply, .data)),
            peer("a code of no class", "MAIL", .reply("999 what"), .failed(.malformedReply, .mail)),
            peer("two codes in a reply", "MAIL", .reply("250-one\r\n550 two"), .failed(.malformedReply, .mail)),
            peer("control characters in a reply", "MAIL", .reply("250 \u{1B}[2J\u{0}\u{7}"), .accepted),
            peer(
                "two replies to one command", "EHLO", .reply("250 me\r\n250 me again"), .failed(.connectionLost, .idle)),
            peer("the dot deferred", ".", .reply("451 4.3.0 later"), .deferred(.refused)),
            peer("the dot refused", ".", .reply("554 5.7.1 spam"), .refused),
            peer("421", ".", .replyAndClose("421 4.3.2 bye"), .deferred(.refused)),
            peer("hangs up after the dot", ".", .close, .unknown(.connectionLost)),
            peer("nonsense", ".", .reply("what?"), .unknown(.malformedReply)),
            peer("1,000 lines", ".", .reply(thousand), .unknown(.malformedReply)),
            peer("STARTTLS not now", "STARTTLS", .reply("454 4.7.0 not now"), .accepted),
            peer("no TLS behind STARTTLS", "STARTTLS", .reply("220 go on\r\nthis is no handshake"), .accepted),
        ]
        for (verb, phase) in verbs {
            peers += [
                peer("421", verb, .replyAndClose("421 4.3.2 bye"), .failed(.refused, phase)),
                peer("hangs up", verb, .close, .failed(.connectionLost, phase)),
                peer("1,000 lines", verb, .reply(thousand), .failed(.malformedReply, phase)),
                peer("nonsense", verb, .reply("I would rather not"), .failed(.malformedReply, phase)),
            ]
        }
        for verb in ["MAIL", "RCPT", "DATA"] {
            for pipelining in [true, false] {
                let phase = verbs.first { $0.verb == verb }!.phase
                peers += [
                    peer("deferred", verb, .reply("450 4.2.1 later"), .failed(.refused, phase), pipelining: pipelining),
                    peer("refused", verb, .reply("550 5.7.1 no"), .failed(.refused, phase), pipelining: pipelining),
                ]
            }
        }
        for verb in ["greeting", "MAIL", "RCPT", "."] {
            peers.append(
                peer(
                    "one byte a packet", verb,
                    .dripping("220-x\r\n220 y".replacing("220", with: verb == "greeting" ? "220" : "250")), .accepted))
        }
        peers.append(peer("one byte a packet", "DATA", .dripping("354-x\r\n354 y"), .accepted))
        return peers
    }()

    // MARK: The trial

    @Test(arguments: peers) func aPeerIsSeenThroughAndThePoolGoesOn(_ peer: Peer) async throws {
        var settings = ScriptedServer.Settings()
        settings.capabilities =
            (peer.pipelining ? ["PIPELINING"] : []) + (peer.startTLS ? ["STARTTLS"] : []) + ["AUTH PLAIN"]
        settings.tls = peer.startTLS ? try TestCertificate.serverContext() : nil
        let isOver = NIOLockedValueBox(false)
        settings.behaviour = { command, _ in
            guard command == peer.verb || command.hasPrefix(peer.verb) && peer.verb != "." else { return nil }
            return isOver.withLockedValue { isOver in
                defer { isOver = true }
                return isOver ? nil : peer.response
            }
        }
        try await ScriptedServer.with(settings) { server in
            let credentials = SMTPConfiguration.Credentials(username: "anne", password: "secret")
            let configuration = try configuration(
                server, peer.encryption, credentials: peer.hasCredentials ? credentials : nil, connections: 1)
            try await withPool(configuration) { pool in
                try await check(peer.expectation, pool)
                #expect(try await pool.prepare(envelope, mail).commit().isAccepted, "the next delivery")
            }
            // Whatever was not answered to the dot, or was, it came once.
            #expect(server.seen.messages.count <= 2)
        }
    }

    private func check(_ expectation: Expectation, _ pool: SMTPPool) async throws {
        let outcome: SMTPOutcome
        do {
            outcome = try await pool.prepare(envelope, mail).commit()
        } catch {
            guard case .failed(let code, let phase) = expectation else {
                Issue.record("\(error) instead of \(expectation)")
                return
            }
            #expect(error.code == code && error.phase == phase, "\(error)")
            return
        }
        switch expectation {
        case .accepted: #expect(outcome.isAccepted, "\(outcome)")
        case .deferred(let code): #expect(outcome.deferral?.code == code, "\(outcome)")
        case .refused: #expect(outcome.refusal != nil, "\(outcome)")
        case .unknown(let code): #expect(outcome.unknownError?.code == code, "\(outcome)")
        case .failed: Issue.record("\(outcome) instead of \(expectation)")
        }
    }
}

/// Each phase has a time-out of its own (RFC 5321, section 4.5.3.2).
@Suite(.timeLimit(.minutes(10))) struct PhaseTimeouts {
    private static let short = Duration.milliseconds(80)

    /// Ever longer ones: on a busy machine a command before the silent one may take longer than the first of them.
    private static let lengths = (0..<7).map { short * (1 << $0) }

    /// A server that falls silent at a verb, and the phase whose time is up.
    static let silences: [(verb: String, phase: SMTPPhase)] = [
        ("greeting", .greeting), ("EHLO", .hello), ("STARTTLS", .startTLS), ("AUTH", .authentication), ("MAIL", .mail),
        ("RCPT", .recipient), ("DATA", .data),
    ]

    private static func timeouts(_ phase: SMTPPhase, _ short: Duration = short) -> SMTPTimeouts {
        var timeouts = SMTPTimeouts()
        switch phase {
        case .greeting: timeouts.greeting = short
        case .hello, .startTLS, .authentication, .mail, .recipient: timeouts.command = short
        case .data: timeouts.data = short
        case .body: timeouts.body = short
        case .finalDot: timeouts.finalDot = short
        default: timeouts.farewell = short
        }
        return timeouts
    }

    private static func settings(_ verb: String, _ response: Response) -> ScriptedServer.Settings {
        var settings = ScriptedServer.Settings()
        settings.capabilities = ["AUTH PLAIN"] + (verb == "STARTTLS" ? ["STARTTLS"] : [])
        settings.behaviour = { command, connection in
            connection == 1 && (command == verb || command.hasPrefix(verb) && verb != ".") ? response : nil
        }
        return settings
    }

    @Test(arguments: silences) func silenceEndsByThePhasesOwn(_ verb: String, _ phase: SMTPPhase) async throws {
        var error: SMTPError?
        for length in Self.lengths where error?.phase != phase {
            error = try await Self.error(silentAt: verb, Self.timeouts(phase, length))
        }
        #expect(error?.code == .timedOut && error?.phase == phase, "\(String(describing: error))")
        #expect(error?.isTransient == true && error?.concernsConnection == true)
    }

    private static func error(silentAt verb: String, _ timeouts: SMTPTimeouts) async throws -> SMTPError? {
        try await ScriptedServer.with(settings(verb, .silence)) { server in
            let anne = SMTPConfiguration.Credentials(username: "anne", password: "secret")
            let configuration = try configuration(
                server, verb == "STARTTLS" ? .opportunistic : .none, credentials: verb == "AUTH" ? anne : nil,
                timeouts: timeouts, connections: 1)
            return try await withPool(configuration) { pool in
                await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
            }
        }
    }

    @Test func aHandshakeThatNeverComesEnds() async throws {
        // What the client says then may look like a line.
        try await ScriptedServer.with(Self.settings("STARTTLS", .replyAndGoDeaf("220 go on"))) { server in
            try await withPool(
                configuration(server, .opportunistic, timeouts: Self.timeouts(.startTLS), connections: 1)
            ) { pool in
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                #expect(error?.code == .timedOut, "\(String(describing: error))")
            }
        }
    }

    @Test func aServerThatStopsReadingEndsTheBody() async throws {
        try await ScriptedServer.with(Self.settings("DATA", .replyAndGoDeaf("354 go on"))) { server in
            try await withPool(configuration(server, timeouts: Self.timeouts(.body), connections: 1)) { pool in
                let large = [UInt8](repeating: UInt8(ascii: "x"), count: 40_000_000)
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, large) }
                #expect(error?.code == .timedOut && error?.phase == .body, "\(String(describing: error))")
            }
        }
    }

    /// The defaults are the standard's; the dot has ten minutes.
    @Test func theDefaultsAreTheStandards() {
        let timeouts = SMTPTimeouts()
        #expect(timeouts.finalDot == .seconds(600))
        #expect(timeouts.greeting == .seconds(300) && timeouts.command == .seconds(300))
        #expect(timeouts.data == .seconds(120) && timeouts.body == .seconds(180))
    }
}
