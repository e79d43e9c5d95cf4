import Foundation
import Logging
import Postgres
import ServiceLifecycle
import ConnectionThread
import TestSupport
import Testing

@Suite struct PoolTests {
    @Test func aCallerWaitsNoLongerThanItsDeadline() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await whileOneIsLent(pool) {
                let error = try await postgresError {
                    try await pool.withConnection(deadline: .milliseconds(50)) { _ in }
                }
                #expect(error.code == .timeout && error.isTransient && !error.isConnectionLost)
                let waiting = Task { try await pool.withConnection { _ in } }
                waiting.cancel()
                let cancelled = try await postgresError { try await waiting.value }
                #expect(cancelled.code == .cancelled)
            }
        }
    }

    @Test func closingWaitsForThoseInUseAndRefusesTheRest() async throws {
        let pool = try Server.pool(size: 1)
        let gate = DispatchSemaphore(value: 0)
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        async let holder = pool.withTransaction { session in
            enter.yield()
            gate.wait()
            return try session.query("select 7::int8")[0].decode(Int.self)
        }
        for await _ in entered { break }
        async let first: Void = pool.close()
        async let second: Void = pool.close()
        try await eventually("the pool refuses") {
            do {
                try await pool.withConnection(deadline: .zero) { _ in }
                return false
            } catch let error as PostgresError {
                return error.code == .cancelled
            }
        }
        gate.signal()
        #expect(try await holder == 7)
        await first
        await second
        await pool.close()
    }

    @Test func gracefulShutdownClosesThePool() async throws {
        let pool = try Server.pool(size: 2)
        let group = ServiceGroup(services: [pool], logger: Server.quiet)
        async let running: Void = group.run()
        try await eventually("the first connection") { pool.state == .available }
        #expect(try await pool.withConnection { try $0.query("select 1::int8")[0].decode(Int.self) } == 1)
        await group.triggerGracefulShutdown()
        try await running
        let error = try await postgresError { try await pool.withConnection { _ in } }
        #expect(error.code == .cancelled)
    }

    @Test(.timeLimit(.minutes(10))) func anAbsentServerIsATransientErrorAndItsReturnIsNoticed() async throws {
        let door = try Door(to: Server.url())
        let log = LogLines()
        let pool = try Server.pool(url: door.url, size: 2, logger: log.logger)
        let running = Task { try await pool.run() }
        // Nobody listens yet.
        for _ in 0..<3 {
            let error = try await postgresError { try await pool.withTransaction { _ in } }
            #expect(error.code == .connection && error.isTransient && !error.isUnknownOutcome)
        }
        try door.open()
        try await eventually("the database is back") { pool.state == .available }
        #expect(try await pool.withTransaction { try $0.query("select 1::int8")[0].decode(Int.self) } == 1)

        // It goes away while nobody asks, and comes back.
        door.shut()
        try await eventually("the database is away") { pool.state != .available }
        try door.open()
        try await eventually("the database is back again") { pool.state == .available }
        #expect(try await pool.withTransaction { try $0.query("select 2::int8")[0].decode(Int.self) } == 2)
        running.cancel()
        try await running.value
        door.shut()
        #expect(log.lines == ["PostgreSQL is away", "PostgreSQL is back", "PostgreSQL is away", "PostgreSQL is back"])
    }

    @Test func aLostReplyToCommitIsUnknown() async throws {
        let door = try Door(to: Server.url())
        try door.open()
        try await Server.withPool(Server.pool(url: door.url, size: 1)) { pool in
            let error = try await postgresError {
                try await pool.withTransaction { session in
                    try session.execute("select 1")
                    door.swallowReplies()
                }
            }
            #expect(error.isUnknownOutcome && error.isConnectionLost && error.isTransient)
        }
        door.shut()
    }

    @Test func aServerThatFallsSilentIsGivenUp() async throws {
        let door = try Door(to: Server.url())
        try door.open()
        var configuration = try PostgresConfiguration(
            url: door.url, applicationName: "postgres-tests", poolSize: 1, statementTimeout: .milliseconds(100))
        configuration.silenceAllowance = .milliseconds(100)
        try await Server.withPool(PostgresPool(configuration, logger: Server.quiet)) { pool in
            try await pool.withConnection { _ in }
            door.withholdReplies()
            let inside = try await postgresError { try await pool.withTransaction { _ in } }
            #expect(
                inside.code == .timeout && inside.isConnectionLost && inside.isTransient && !inside.isUnknownOutcome)
            door.shut()
            try door.open()
            try await eventually("another connection") { try await answers(pool) }
        }
        door.shut()
    }

    private func answers(_ pool: PostgresPool) async throws -> Bool {
        do {
            return try await pool.withConnection { try $0.query("select 1::int8")[0].decode(Int.self) } == 1
        } catch let error as PostgresError where error.isTransient {
            return false
        }
    }

    @Test func settingsThatCannotBeReadAreRefused() {
        for url in ["postgres://[", "host", "nonsense=1"] {
            #expect(throws: PostgresError.self) { try PostgresConfiguration(url: url, applicationName: "a") }
        }
        #expect(throws: PostgresError.self) { try PostgresConfiguration(url: "", applicationName: "a", poolSize: 0) }
        #expect(throws: Never.self) {
            try PostgresConfiguration(
                url: "postgres://a@one:1,two:2/db?target_session_attrs=read-write", applicationName: "a")
        }
    }
}

/// Collects the messages at notice and above.
final class LogLines: LogHandler, Sendable {
    private let stored = Locked<[String]>([])

    var lines: [String] { stored.withLock { $0 } }
    var logger: Logger { Logger(label: "lines") { _ in self } }

    func log(event: LogEvent) {
        guard event.level >= .notice else { return }
        stored.withLock { $0.append("\(event.message)") }
    }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
}
