import ArgumentParser
import Messaging
import Model
import Postgres
import Schema
import ServiceRuntime
import Store
import Transit

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database to this build's schema, make roles and queues, set the clock's mode.",
        discussion: """
            LOODS_CLOCK is real (default), stepped, or stepped@2026-01-01T00:00:00Z, and is set once. Queues are made \
            where LOODS_AMQP_URL is given. Safe when many run at once; waits up to 30 s for servers that still start.

            Each service has a role with the least rights that it needs: loods_ingest, loods_scoring, loods_scheduler, \
            loods_mailer; loods_operator is for this command line, loods_tool for one workspace at a time, loods_reader for \
            people who look. With --logins they log in themselves; without, grant them to logins of your own.
            """)

    @Option(help: "A folder of passwords; a file named ingest, scoring … lets loods_ingest, loods_scoring … log in.")
    var logins: String?
    @OptionGroup var format: FormatOption

    func run() async throws {
        let (url, broker, clock) = try Settings.read { reader in
            (
                Settings.databaseURL(&reader),
                reader.optionalURL(
                    "LOODS_AMQP_URL", password: "LOODS_AMQP_PASSWORD", schemes: ["amqp", "amqps"],
                    meaning: "The RabbitMQ of this cell; queues are made there."),
                ClockSetting(&reader)
            )
        }
        let logins = try logins.map { try Logins($0) }
        let report = try await PostgresPool.lend(url) { pool in
            try await patiently("PostgreSQL") {
                try await pool.withTransaction(statementTimeout: .seconds(600)) { session in
                    let report = try Migrator.migrate(in: session)
                    try clock.set(in: session)
                    try logins?.give(in: session)
                    return report
                }
            }
        }
        if let broker {
            let configuration = try Settings.broker(broker)
            try await patiently("RabbitMQ") { try await Topology.declare(configuration) }
        }
        let names = logins?.names ?? []
        if format.json { return Console.show(report.json(queues: broker != nil, logins: names)) }
        say(report, queues: broker != nil, logins: names)
    }

    private func say(_ report: Migrator.Report, queues: Bool, logins: [String]) {
        for step in report.applied { print("applied \(step)") }
        print("schema \(report.after)" + (report.applied.isEmpty ? ", as before" : ""))
        if !logins.isEmpty { print("logins \(logins.joined(separator: ", "))") }
        if queues { print("queues are there") }
    }

    /// Tries again for 30 s while a server is away.
    private func patiently<R: Sendable>(_ server: String, _ body: () async throws -> R) async throws -> R {
        let deadline = ContinuousClock.now + .seconds(30)
        var hasSaid = false
        while true {
            do {
                return try await body()
            } catch  where isAway(error) && ContinuousClock.now < deadline {
                if !hasSaid { Console.note("waiting up to 30 s for \(server)") }
                hasSaid = true
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    private func isAway(_ error: any Error) -> Bool {
        switch error {
        case let error as MessagingError: error.isTransient && !error.isRefusal
        case let error as PostgresError: error.isTransient && error.wayOut == nil
        default: false
        }
    }
}

extension Migrator.Report {
    fileprivate func json(queues: Bool, logins: [String]) -> JSON {
        .object([
            "applied": .array(applied.map { .string($0) }), "before": .int(Int64(before)), "after": .int(Int64(after)),
            "logins": .array(logins.map { .string($0) }), "queues": .bool(queues),
        ])
    }
}

/// `LOODS_CLOCK` as `migrate` reads it.
struct ClockSetting: Sendable {
    var mode: DomainClock.Mode
    /// Where a stepped clock begins; nil: at the host's time.
    var start: Timestamp?

    init(_ reader: inout SettingsReader) {
        let expectation = "real, stepped, or stepped@2026-01-01T00:00:00Z"
        let setting = reader.optional(
            "LOODS_CLOCK", type: "clock", defaultText: "real", expectation: expectation,
            meaning: "Domain time: the host's, or one that stands until loods clock moves it."
        ) { text -> (DomainClock.Mode, Timestamp?)? in
            if let mode = DomainClock.Mode(rawValue: text) { return (mode, nil) }
            guard text.hasPrefix("stepped@"), let start = Timestamp(iso8601: text.dropFirst(8)) else { return nil }
            return (.stepped, start)
        }
        (mode, start) = setting ?? (.real, nil)
    }

    func set(in session: PostgresSession) throws {
        let held = try DomainClock.initialize(mode, at: start ?? MachineClock.host.now, in: session)
        guard held == mode else {
            throw ExitFault(
                code: .settings,
                message: """
                    LOODS_CLOCK is \(mode.rawValue), but this database's clock is \(held.rawValue) for good; \
                    set LOODS_CLOCK=\(held.rawValue) or take another database
                    """)
        }
    }
}
