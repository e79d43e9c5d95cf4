import Testing

@testable import Postgres

/// When the database counts as available, and what the log says of it.
@Suite struct DatabaseHealthTests {
    private let log = LogLines()
    private let health: DatabaseHealth
    private let refused = PostgresError(.connection, "refused")

    init() {
        health = DatabaseHealth(logger: log.logger)
    }

    @Test func aFailureBesideAnOpenConnectionIsNoAbsence() {
        #expect(health.availability != .available && health.lacksConnection && health.mayOpen)
        health.noteOpened(host: "db", port: "5432")
        #expect(health.availability == .available && !health.lacksConnection)
        health.noteFailure(refused, server: "db:5432")
        health.noteFailure(refused, server: "db:5432")
        #expect(health.availability == .available && health.hasLiveConnection)
        // The pool tries again by itself; callers wait for the one that is open.
        #expect(health.lacksConnection && !health.mayOpen)
        #expect(throws: PostgresError.self) { try health.checkAttempt() }
        #expect(log.lines == ["PostgreSQL refuses a further connection"])
    }

    @Test func withoutAConnectionAFailureIsAnAbsence() {
        health.noteOpened(host: "db", port: "5432")
        health.noteFailure(refused, server: "db:5432")
        health.noteClosed()
        #expect(health.availability == .available && health.mayOpen)
        health.noteFailure(refused, server: "db:5432")
        guard case .away(_, reason: "refused") = health.availability else {
            Issue.record("it is away")
            return
        }
        health.noteOpened(host: "db", port: "5432")
        #expect(health.availability == .available && !health.lacksConnection && health.mayOpen)
        #expect(throws: Never.self) { try health.checkAttempt() }
        #expect(log.lines == ["PostgreSQL refuses a further connection", "PostgreSQL is away", "PostgreSQL is back"])
    }
}
