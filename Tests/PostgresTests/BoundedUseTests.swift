import Foundation
import Postgres
import Testing

/// `within` bounds all of a use. Without it a statement here would have ten minutes.
@Suite(.timeLimit(.minutes(10))) struct BoundedUseTests {
    private func withDoor(
        withholding: Bool = false, connectTimeout: Duration = .seconds(30),
        _ body: (Door, PostgresPool) async throws -> Void
    ) async throws {
        let door = try Door(to: Server.url())
        try door.open(withholding: withholding)
        let configuration = try PostgresConfiguration(
            url: door.url, applicationName: "postgres-tests", poolSize: 1, statementTimeout: .seconds(600),
            lockTimeout: .seconds(600), connectTimeout: connectTimeout)
        try await Server.withPool(PostgresPool(configuration, logger: Server.quiet)) { pool in
            // Opened before anything is bounded, where it can be.
            if !withholding { try await pool.withConnection { _ in } }
            try await body(door, pool)
        }
        door.shut()
    }

    @Test func aSilentServerIsGivenUpAtTheBeginning() async throws {
        try await withDoor { door, pool in
            door.withholdReplies()
            let error = try await postgresError {
                try await pool.withTransaction(within: .seconds(2)) { _ in }
            }
            #expect(error.code == .timeout && error.isConnectionLost && error.isTransient && !error.isUnknownOutcome)
            door.shut()
            try door.open()
            #expect(try await answer(pool) == 1)
        }
    }

    @Test func aSilentServerIsGivenUpInAStatement() async throws {
        try await withDoor { door, pool in
            let error = try await postgresError {
                try await pool.withTransaction(within: .seconds(2)) { session in
                    door.withholdReplies()
                    _ = try session.query("select 1")
                }
            }
            #expect(error.code == .timeout && error.isConnectionLost && error.isTransient && !error.isUnknownOutcome)
            door.shut()
            try door.open()
            #expect(try await answer(pool) == 1)
            let alone = try await postgresError {
                try await pool.withConnection(within: .seconds(2)) { session in
                    door.withholdReplies()
                    _ = try session.query("select 1")
                }
            }
            #expect(alone.code == .timeout && alone.isConnectionLost && alone.isTransient)
        }
    }

    @Test func aSilentServerIsGivenUpAtTheCommit() async throws {
        try await withDoor { door, pool in
            let error = try await postgresError {
                try await pool.withTransaction(within: .seconds(5)) { session in
                    _ = try session.query("select 1")
                    door.withholdReplies()
                }
            }
            #expect(error.code == .timeout && error.isConnectionLost && error.isUnknownOutcome)
        }
    }

    @Test func aSilentServerIsGivenUpWhileAConnectionIsOpened() async throws {
        try await withDoor(withholding: true, connectTimeout: .seconds(600)) { door, pool in
            for _ in 0..<2 {
                let error = try await postgresError {
                    try await pool.withConnection(within: .milliseconds(200)) { _ in }
                }
                #expect(error.code == .timeout && error.isTransient && !error.isUnknownOutcome)
            }
            door.shut()
            try door.open()
            #expect(try await answer(pool) == 1)
        }
    }

    @Test func aSilentServerIsGivenUpWhileRowsAreCopied() async throws {
        try await withDoor { door, pool in
            let error = try await postgresError {
                try await pool.withTransaction(within: .seconds(2)) { session in
                    try session.runScript("create temporary table copied (key int8)")
                    door.withholdReplies()
                    _ = try session.copy(into: "copied", columns: "key", rows: 0..<10) { $0.append(Int64($1)) }
                }
            }
            #expect(error.code == .timeout && error.isConnectionLost && !error.isUnknownOutcome)
        }
    }

    @Test func aSlowStatementIsEndedByTheServerAndTheConnectionStays() async throws {
        try await withDoor { _, pool in
            try await isEndedByTheServer(pool) {
                _ = try await pool.withTransaction(within: .seconds(2)) { try $0.execute("select pg_sleep(60)") }
            }
            try await isEndedByTheServer(pool) {
                _ = try await pool.withConnection(within: .seconds(2)) { try $0.execute("select pg_sleep(60)") }
            }
            #expect(try await timeout(pool) == "10min")
        }
    }

    @Test func eachStatementHasWhatIsLeft() async throws {
        try await withDoor { _, pool in
            let slow: @Sendable (PostgresSession) throws -> Void = { session in
                try session.execute("select pg_sleep(1)")
                try session.execute("select pg_sleep(60)")
            }
            try await isEndedByTheServer(pool) { try await pool.withTransaction(within: .seconds(4), slow) }
            try await isEndedByTheServer(pool) { try await pool.withConnection(within: .seconds(4), slow) }
        }
    }

    @Test func aRolledBackSavepointDoesNotGiveTimeBack() async throws {
        try await withDoor { _, pool in
            try await isEndedByTheServer(pool) {
                try await pool.withTransaction(within: .seconds(4)) { session in
                    try? session.savepoint {
                        _ = try session.query("select pg_sleep(0.5)")
                        _ = try session.query("select 1/0")
                    }
                    _ = try session.query("select pg_sleep(60)")
                }
            }
        }
    }

    @Test func noStatementIsBegunAfterTheEnd() async throws {
        try await withDoor { _, pool in
            for commits in [false, true] {
                try await pool.withConnection { _ in }
                let error = try await postgresError {
                    try await pool.withTransaction(within: .milliseconds(500)) { session in
                        outlast(.milliseconds(500))
                        if !commits { _ = try session.query("select 1") }
                    }
                }
                #expect(error.code == .timeout && error.isTransient && !error.isUnknownOutcome)
            }
            try await pool.withConnection { _ in }
            try await pool.withConnection(within: .milliseconds(500)) { _ in outlast(.milliseconds(500)) }
            #expect(try await timeout(pool) == "10min")
        }
    }

    @Test func theWaitForAConnectionIsPartOfIt() async throws {
        try await withDoor { _, pool in
            try await whileOneIsLent(pool) {
                let error = try await postgresError {
                    try await pool.withConnection(within: .milliseconds(50), deadline: .seconds(600)) { _ in }
                }
                #expect(error.code == .timeout && error.isTransient && !error.isConnectionLost)
            }
        }
    }

    @Test func enoughTimeIsNoHindrance() async throws {
        try await withDoor { _, pool in
            let settings = try await pool.withTransaction(within: .seconds(20), statementTimeout: .seconds(5)) {
                session in
                try session.query("select current_setting('statement_timeout')")[0].decode(String.self)
            }
            #expect(settings == "5s")
            #expect(try await timeout(pool) == "10min")
        }
    }

    /// The server ends a statement, and the connection stays. A server that does not say so at once is given up:
    /// where a stall was the reason, it is asked again.
    private func isEndedByTheServer(
        _ pool: PostgresPool, sourceLocation: SourceLocation = #_sourceLocation, _ use: () async throws -> Void
    ) async throws {
        var attempts = 1
        while true {
            let before = try await pid(pool)
            let error = try await postgresError(sourceLocation: sourceLocation) { try await use() }
            if error.isConnectionLost, attempts < 5 {
                attempts += 1
                continue
            }
            #expect(
                error.sqlState == "57014" && error.isTransient && !error.isConnectionLost, "\(error)",
                sourceLocation: sourceLocation)
            #expect(try await pid(pool) == before, sourceLocation: sourceLocation)
            return
        }
    }

    /// Work between statements that takes this long.
    private func outlast(_ time: Duration) {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {}
    }

    private func answer(_ pool: PostgresPool) async throws -> Int {
        try await pool.withConnection { try $0.query("select 1::int8")[0].decode(Int.self) }
    }

    private func pid(_ pool: PostgresPool) async throws -> Int {
        try await pool.withConnection { try $0.query("select pg_backend_pid()")[0].decode(Int.self) }
    }

    private func timeout(_ pool: PostgresPool) async throws -> String {
        try await pool.withConnection { session in
            try session.query("select current_setting('statement_timeout')")[0].decode(String.self)
        }
    }
}
