import ArgumentParser
import Contracts
import Foundation
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

struct FenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fence", abstract: "Let mailers send again after the store was restored.",
        discussion: """
            After a restore, mailers send nothing: the store plans again what was sent already. This makes unknown whatever \
            may have been sent: what was planned before the restore's time, and what comes of events and timers up to the \
            last claim that RabbitMQ knows of. The rest goes out. People who were erased since the restore's time are erased \
            again first, as RabbitMQ knows of them.

            A standby that took over and lost nothing needs no fence.
            """)

    @Option(
        name: .customLong("restored-at"), help: "To when the store was restored, such as 2026-03-02T09:00:00Z.",
        transform: Self.instant)
    var restoredAt: Timestamp
    @Option(
        name: .customLong("sent-until"),
        help: "Until when the store before may have sent; by default the last claim that RabbitMQ knows of, else now.",
        transform: Self.instant)
    var sentUntil: Timestamp?
    @Flag(name: .customLong("dry-run"), help: "Say what would be done, and change nothing.")
    var dryRun = false
    @Flag(help: "Also where no restore is seen, and where RabbitMQ cannot say who was erased.")
    var force = false
    @OptionGroup var format: FormatOption

    private static func instant(_ text: String) throws -> Timestamp {
        guard let time = Timestamp(iso8601: text) else {
            throw ValidationError("\"\(text)\" is no instant such as 2026-03-02T09:00:00Z.")
        }
        return time
    }

    func run() async throws {
        let (database, broker, key) = try Settings.read {
            (Settings.databaseURL(&$0), Settings.brokerURL(&$0), $0.erasureKey())
        }
        let erased = try await erasures(try Settings.broker(broker))
        let published = await PublishedMarks.newest(try Settings.broker(broker))
        let fencing = Fencing(published: published, by: Self.name, machineNow: MachineClock.host.now)
        let (outcome, again) = try await PostgresPool.lend(database) { pool in
            // Tried first: where it refuses, nothing has changed.
            let trial = try await fence(fencing, isTrial: true, pool)
            if dryRun { return (trial, 0) }
            let again = try await ErasingAgain(pool: pool, key: key).erase(erased)
            return (try await fence(fencing, isTrial: false, pool), again.count)
        }
        if format.json { return Console.show(outcome.json(isDry: dryRun, erased: again)) }
        for line in outcome.lines(isDry: dryRun, erased: again) { print(line) }
    }

    private func fence(
        _ fencing: Fencing, isTrial: Bool, _ pool: PostgresPool
    ) async throws -> Fencing.Outcome {
        let (restoredAt, sentUntil, force) = (restoredAt, sentUntil, force)
        do {
            return try await pool.withTransaction(statementTimeout: .seconds(600)) { session in
                try Standing.cell.take(in: session)
                let outcome = try fencing.perform(
                    restoredAt: restoredAt, sentUntil: sentUntil, force: force, in: session)
                if isTrial { throw Undone(outcome: outcome) }
                return outcome
            }
        } catch let undone as Undone {
            return undone.outcome
        }
    }

    /// Who was erased, as far as RabbitMQ can say; it must.
    private func erasures(_ broker: BrokerConfiguration) async throws -> [ErasureRecord] {
        do { return try await ErasingAgain.records(broker) } catch let error as MessagingError where force {
            Console.note("nobody is erased again: \(error); give loods erase --again when RabbitMQ is back")
            return []
        }
    }

    /// Who does it, as the record keeps it.
    private static var name: String {
        let info = ProcessInfo.processInfo
        return "\(info.environment["SUDO_USER"] ?? info.environment["USER"] ?? "somebody")@\(info.hostName)"
    }

    /// Rolls a transaction back that has shown what it would do.
    private struct Undone: Error {
        var outcome: Fencing.Outcome
    }
}
