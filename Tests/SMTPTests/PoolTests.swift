import Logging
import SMTP
import Testing

func configuration(
    _ server: ScriptedServer, _ encryption: SMTPConfiguration.Encryption = .none,
    credentials: SMTPConfiguration.Credentials? = nil, authorities: String? = nil,
    timeouts: SMTPTimeouts = SMTPTimeouts(), connections: Int = 4, deliveries: Int = 1000
) throws -> SMTPConfiguration {
    try SMTPConfiguration(
        host: "127.0.0.1", port: server.port, encryption: encryption, credentials: credentials, helo: "me.test",
        certificateAuthorityFile: authorities, timeouts: timeouts, maxConnections: connections,
        maxDeliveriesPerConnection: deliveries)
}

func withPool<R>(_ configuration: SMTPConfiguration, _ body: (SMTPPool) async throws -> R) async throws -> R {
    let pool = SMTPPool(configuration, logger: Logger(label: "test"))
    let result: Result<R, any Error>
    do { result = .success(try await body(pool)) } catch { result = .failure(error) }
    await pool.shutdown()
    return try result.get()
}

let envelope = try! SMTPEnvelope(from: "shop@me.test", to: "anne@you.test")
let mail = Array("Subject: hi\r\n\r\n.dot\r\nend\r\n".utf8)
/// As it is on the wire.
let stuffedMail = "Subject: hi\r\n\r\n..dot\r\nend\r\n"

extension SMTPOutcome {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
    var unknownError: SMTPError? { if case .unknown(let error) = self { error } else { nil } }
    var deferral: SMTPError? { if case .deferred(let error) = self { error } else { nil } }
    var refusal: SMTPError? { if case .refused(let error) = self { error } else { nil } }
}

@Suite(.timeLimit(.minutes(10))) struct PoolDeliveries {
    @Test(arguments: [true, false])
    func manyMailsGoOverFewConnections(_ pipelining: Bool) async throws {
        var settings = ScriptedServer.Settings()
        if !pipelining { settings.capabilities = [] }
        try await ScriptedServer.with(settings) { server in
            try await withPool(configuration(server, connections: 3)) { pool in
                let accepted = try await withThrowingTaskGroup(of: Bool.self) { tasks in
                    for _ in 0..<40 { tasks.addTask { try await pool.prepare(envelope, mail).commit().isAccepted } }
                    return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(accepted == 40)
                #expect((1...3).contains(server.seen.connections))
                #expect(server.seen.messages == Array(repeating: stuffedMail, count: 40))
            }
            // Shut down, the pool has taken leave everywhere.
            #expect(server.seen.commands.count { $0 == "QUIT" } == server.seen.connections)
        }
    }

    @Test func aConnectionIsClosedAfterSoManyDeliveries() async throws {
        try await ScriptedServer.with { server in
            try await withPool(configuration(server, deliveries: 2)) { pool in
                for _ in 0..<5 {
                    let outcome = try await pool.prepare(envelope, mail).commit()
                    #expect(outcome.isAccepted)
                }
                #expect(server.seen.connections == 3)
            }
        }
    }

    @Test func nothingIsDeliveredBeforeTheFinalDot() async throws {
        try await ScriptedServer.with { server in
            try await withPool(configuration(server, connections: 1)) { pool in
                let delivery = try await pool.prepare(envelope, mail)
                #expect(server.seen.messages.isEmpty)
                await delivery.abandon()
                await server.waits { $0.closed == 1 }
                #expect(server.seen.messages.isEmpty)
                #expect(server.seen.discarded == [stuffedMail])
                let outcome = await delivery.commit()
                #expect(outcome.deferral?.code == .alreadySettled)
                let next = try await pool.prepare(envelope, mail).commit()
                #expect(next.isAccepted)
            }
        }
    }

    @Test func aDeliveryIsCommittedOnce() async throws {
        try await ScriptedServer.with { server in
            try await withPool(configuration(server)) { pool in
                let delivery = try await pool.prepare(envelope, mail)
                let outcomes = await withTaskGroup(of: SMTPOutcome.self) { tasks in
                    for _ in 0..<5 { tasks.addTask { await delivery.commit() } }
                    return await tasks.reduce(into: []) { $0.append($1) }
                }
                #expect(outcomes.count { $0.isAccepted } == 1)
                #expect(outcomes.count { $0.deferral?.code == .alreadySettled } == 4)
                #expect(server.seen.messages.count == 1)
            }
        }
    }

    @Test func aDeliveryLetGoOfIsAbandoned() async throws {
        try await ScriptedServer.with { server in
            try await withPool(configuration(server, connections: 1)) { pool in
                _ = try await pool.prepare(envelope, mail)
                let outcome = try await pool.prepare(envelope, mail).commit()
                #expect(outcome.isAccepted)
                #expect(server.seen.messages.count == 1 && server.seen.connections == 2)
            }
        }
    }

    @Test func aLargeMailArrivesWhole() async throws {
        try await ScriptedServer.with { server in
            try await withPool(configuration(server)) { pool in
                let large = String(repeating: String(repeating: "x", count: 70) + "\r\n", count: 10_000)
                let outcome = try await pool.prepare(envelope, Array(large.utf8)).commit()
                #expect(outcome.isAccepted && server.seen.messages == [large])
            }
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct PoolFailures {
    @Test(arguments: ["MAIL", "RCPT", "DATA"], [true, false])
    func aRefusalLeavesTheConnectionUsable(_ verb: String, _ pipelining: Bool) async throws {
        let first = Once()
        var settings = ScriptedServer.Settings()
        if !pipelining { settings.capabilities = [] }
        settings.behaviour = { command, _ in
            command.hasPrefix(verb) && first.isFirst() ? .reply("550 5.7.1 not <anne@you.test>") : nil
        }
        try await ScriptedServer.with(settings) { server in
            try await withPool(configuration(server)) { pool in
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                #expect(error?.concernsMessage == true && error?.isTransient == false)
                #expect(error?.phase.rawValue == verb && error?.reply?.enhancedCode == EnhancedStatusCode(5, 7, 1))
                #expect(error.map { "\($0)".contains("anne") } == false)
                let outcome = try await pool.prepare(envelope, mail).commit()
                #expect(outcome.isAccepted)
                // With pipelining, a refused MAIL or RCPT followed by 354 costs the connection.
                let costs = pipelining && verb != "DATA"
                #expect(server.seen.connections == (costs ? 2 : 1) && server.seen.messages.count == 1)
            }
        }
    }

    @Test(arguments: ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
    func a421IsTheConnectionsFault(_ verb: String) async throws {
        var settings = ScriptedServer.Settings()
        settings.behaviour = { command, _ in command.hasPrefix(verb) ? .replyAndClose("421 4.3.2 closing") : nil }
        try await ScriptedServer.with(settings) { server in
            try await withPool(configuration(server)) { pool in
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                #expect(error?.concernsConnection == true && error?.isTransient == true)
                #expect(error?.reply?.code == 421)
            }
        }
    }

    @Test func theFinalReplyIsTheOutcome() async throws {
        for (text, check) in [
            ("451 4.3.0 later", { @Sendable in $0.deferral?.concernsMessage == true }),
            ("554 5.6.0 never", { @Sendable in $0.refusal?.reply?.code == 554 }),
            ("421 4.3.2 closing", { @Sendable in $0.deferral?.concernsConnection == true }),
        ] as [(String, @Sendable (SMTPOutcome) -> Bool)] {
            var settings = ScriptedServer.Settings()
            settings.behaviour = { command, _ in command == "." ? .reply(text) : nil }
            try await ScriptedServer.with(settings) { server in
                try await withPool(configuration(server)) { pool in
                    let outcome = try await pool.prepare(envelope, mail).commit()
                    #expect(check(outcome), "\(text)")
                }
            }
        }
    }

    @Test func aConnectionLostAfterTheDotIsUnknown() async throws {
        var settings = ScriptedServer.Settings()
        settings.behaviour = { command, connection in command == "." && connection == 1 ? .close : nil }
        try await ScriptedServer.with(settings) { server in
            try await withPool(configuration(server, connections: 1)) { pool in
                let outcome = try await pool.prepare(envelope, mail).commit()
                #expect(outcome.unknownError == SMTPError(.connectionLost, .finalDot))
                let next = try await pool.prepare(envelope, mail).commit()
                #expect(next.isAccepted)
            }
        }
    }

    @Test func noAnswerToTheDotIsUnknownInTheEnd() async throws {
        var settings = ScriptedServer.Settings()
        settings.behaviour = { command, _ in command == "." ? .silence : nil }
        try await ScriptedServer.with(settings) { server in
            var timeouts = SMTPTimeouts()
            timeouts.finalDot = .milliseconds(50)
            try await withPool(configuration(server, timeouts: timeouts)) { pool in
                let outcome = try await pool.prepare(envelope, mail).commit()
                #expect(outcome.unknownError == SMTPError(.timedOut, .finalDot))
            }
        }
    }

    @Test func aServerThatHangsUpWhileADeliveryWaitsDefersIt() async throws {
        var settings = ScriptedServer.Settings()
        // The reply to DATA ends the connection too, once the client has begun to write.
        settings.behaviour = { command, _ in command == "DATA" ? .replyAndClose("354 go\r\n421 4.3.2 no, closing") : nil
        }
        try await ScriptedServer.with(settings) { server in
            try await withPool(configuration(server)) { pool in
                do {
                    let delivery = try await pool.prepare(envelope, mail)
                    await server.waits { $0.closed == 1 }
                    let outcome = await delivery.commit()
                    #expect(outcome.deferral?.isTransient == true)
                } catch {
                    let error = try #require(error as? SMTPError)
                    #expect(error.concernsConnection && error.isTransient)
                }
                #expect(server.seen.messages.isEmpty)
            }
        }
    }

    @Test func anIdleConnectionThatTheServerClosedIsReplaced() async throws {
        var settings = ScriptedServer.Settings()
        settings.behaviour = { command, connection in
            command.hasPrefix("MAIL") && connection == 2 ? .replyAndClose("421 4.4.2 idle too long") : nil
        }
        try await ScriptedServer.with(settings) { server in
            try await withPool(configuration(server, connections: 1, deliveries: 1)) { pool in
                let first = try await pool.prepare(envelope, mail).commit()
                #expect(first.isAccepted)
                // A new connection that says 421 at once is not tried again.
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                #expect(error?.reply?.code == 421)
            }
        }
        let once = Once()
        settings.behaviour = { command, _ in
            command == "." || command == "greeting"
                ? nil
                : command.hasPrefix("MAIL") && !once.isFirst() && once.isSecond()
                    ? .replyAndClose("421 4.4.2 idle") : nil
        }
        try await ScriptedServer.with(settings) { server in
            try await withPool(configuration(server, connections: 1)) { pool in
                for _ in 0..<2 {
                    let outcome = try await pool.prepare(envelope, mail).commit()
                    #expect(outcome.isAccepted)
                }
                #expect(server.seen.connections == 2 && server.seen.messages.count == 2)
            }
        }
    }

    @Test func nobodyThereIsAConnectFailure() async throws {
        let unused = Box(0)
        try await ScriptedServer.with { unused.value = $0.port }
        let configuration = try SMTPConfiguration(
            host: "127.0.0.1", port: unused.value, helo: "me.test", maxConnections: 1)
        try await withPool(configuration) { pool in
            for _ in 0..<3 {
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                #expect(
                    error?.code == .connectFailed && error?.isTransient == true && error?.concernsConnection == true)
            }
        }
    }

    @Test func silenceAndNonsenseAtTheGreetingEnd() async throws {
        for (response, code) in [
            (Response.silence, SMTPError.Code.timedOut),
            (.reply(String(repeating: "x", count: 10_000)), .malformedReply),
            (.close, .connectionLost), (.reply("554 no"), .refused),
        ] {
            var settings = ScriptedServer.Settings()
            settings.behaviour = { command, _ in command == "greeting" ? response : nil }
            try await ScriptedServer.with(settings) { server in
                var timeouts = SMTPTimeouts()
                if code == .timedOut { timeouts.greeting = .milliseconds(50) }
                try await withPool(configuration(server, timeouts: timeouts, connections: 1)) { pool in
                    for _ in 0..<2 {
                        let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                        #expect(error?.code == code && error?.concernsConnection == true)
                    }
                }
            }
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct PoolOrder {
    @Test func whoFindsNoConnectionWaitsForOne() async throws {
        try await ScriptedServer.with { server in
            try await withPool(configuration(server, connections: 1)) { pool in
                let first = try await pool.prepare(envelope, mail)
                async let second = pool.prepare(envelope, mail).commit()
                async let outcome = first.commit()
                let both = try await [outcome, second]
                #expect(both.allSatisfy(\.isAccepted) && server.seen.connections == 1)
            }
        }
    }

    @Test func aCancelledWaiterLeavesTheLine() async throws {
        try await ScriptedServer.with { server in
            try await withPool(configuration(server, connections: 1)) { pool in
                let first = try await pool.prepare(envelope, mail)
                let waiter = Task { try await pool.prepare(envelope, mail) }
                waiter.cancel()
                let error = await #expect(throws: SMTPError.self) { try await waiter.value }
                #expect(error?.code == .cancelled)
                _ = await first.commit()
                let outcome = try await pool.prepare(envelope, mail).commit()
                #expect(outcome.isAccepted && server.seen.messages.count == 2)
            }
        }
    }

    @Test func aCancelledPreparationClosesItsConnection() async throws {
        var settings = ScriptedServer.Settings()
        settings.behaviour = { command, connection in command.hasPrefix("RCPT") && connection == 1 ? .silence : nil }
        try await ScriptedServer.with(settings) { server in
            try await withPool(configuration(server, connections: 1)) { pool in
                let preparation = Task { try await pool.prepare(envelope, mail) }
                await server.waits { $0.commands.contains { $0.hasPrefix("RCPT") } }
                preparation.cancel()
                let error = await #expect(throws: SMTPError.self) { try await preparation.value }
                #expect(error?.code == .cancelled)
                await server.waits { $0.closed == 1 }
                let outcome = try await pool.prepare(envelope, mail).commit()
                #expect(outcome.isAccepted)
            }
        }
    }

    @Test func aCommitGoesOnWhenItsTaskIsCancelled() async throws {
        try await ScriptedServer.with { server in
            try await withPool(configuration(server)) { pool in
                let delivery = try await pool.prepare(envelope, mail)
                let commit = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return await delivery.commit()
                }
                let outcome = await commit.value
                #expect(outcome.isAccepted)
            }
        }
    }

    @Test func afterShutdownNobodyBeginsAndWhatIsPreparedCanBeSettled() async throws {
        try await ScriptedServer.with { server in
            let pool = SMTPPool(try configuration(server, connections: 1), logger: Logger(label: "test"))
            let delivery = try await pool.prepare(envelope, mail)
            let waiter = Task { try await pool.prepare(envelope, mail) }
            await pool.shutdown()
            for task in [waiter, Task { try await pool.prepare(envelope, mail) }] {
                let error = await #expect(throws: SMTPError.self) { try await task.value }
                #expect(error?.code == .shutDown)
            }
            let outcome = await delivery.commit()
            #expect(outcome.isAccepted)
            await server.waits { $0.closed == 1 }
            #expect(server.seen.commands.last == "QUIT")
        }
    }

    @Test func anUnusedConnectionIsLeftInTime() async throws {
        try await ScriptedServer.with { server in
            var timeouts = SMTPTimeouts()
            timeouts.idle = .milliseconds(50)
            try await withPool(configuration(server, timeouts: timeouts)) { pool in
                _ = try await pool.prepare(envelope, mail).commit()
                await server.waits { $0.closed == 1 }
                #expect(server.seen.commands.last == "QUIT")
                let outcome = try await pool.prepare(envelope, mail).commit()
                #expect(outcome.isAccepted)
            }
        }
    }
}
