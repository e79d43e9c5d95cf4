import ArgumentParser
import Contracts
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Bring events from a file, at their own times.",
        discussion: """
            FILE holds lines of JSON, each an element of a /v1/batch array, or with --map a table; .gz is inflated. \
            Events travel in the bulk lane and start no journey unless --trigger is given. Importing a file again \
            changes nothing, so an import that broke off is resumed by giving the command again.

            A map:

              delimiter: whitespace        # or one character, or tab; "," by default
              header: skip                 # true: the first line names the columns; false; skip
              columns: [customer, date, count, dollars]
              call: track                  # or identify, page, screen, group, alias
              event: Order Completed
              time: {column: date, format: yyyyMMdd, zone: Europe/Amsterdam}
                                           # iso, unix, unix-ms, or a pattern of yyyy MM dd HH mm ss (or %Y %m %d …)
              fields:                      # a column, a template, {column:, type:} or {constant:}
                userId: customer
                email: 'cdnow-{{customer}}@example.com'
                properties:
                  revenue: {column: dollars, type: number}
                  currency: {constant: USD}
            """)

    @Argument(help: "The file.")
    var file: String
    @Option(help: "How columns become events; without it the file holds lines of JSON.")
    var map: String?
    @Flag(help: "Let rules and journeys act on the events, at the clock's now.")
    var trigger = false
    @Option(help: "Most events of one message to the broker.")
    var batch = 500
    @Flag(help: "Return only when the events are in the store.")
    var wait = false
    @Option(help: "Write rows that cannot be read to this file, as lines of JSON.")
    var rejects: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard (1...5000).contains(batch) else { throw ValidationError("--batch is between 1 and 5,000.") }
    }

    func run() async throws {
        Interruption.watch()
        let map = try map.map { try ImportMapReader.read($0) }
        let digest = try FileDigest(file)
        let (database, broker) = try Settings.read { (Settings.databaseURL(&$0), Settings.brokerURL(&$0)) }
        let choice = try workspace.choice()
        let summary = try await PostgresPool.lend(database) { pool in
            let (entry, clock) = try await pool.withTransaction { session in
                (try choice.find(in: session), try DomainClock.reading(in: session))
            }
            let reading = ItemReading(
                workspace: entry.id, effect: trigger ? .live : .history,
                receivedAt: clock.mode == .real ? MachineClock.host.now : clock.now)
            let source = try EventFile(file, digest: digest, map: map, reading: reading)
            return try await Publisher.lend(broker) { publisher in
                let publishing = BulkPublishing(publisher: publisher, pool: pool, mode: clock.mode)
                return try await bring(source, digest, publishing, pool)
            }
        }
        if format.json { Console.show(summary.json) } else { summary.say(waited: wait) }
        if summary.rejected > 0 { throw ArgumentParser.ExitCode(1) }
    }

    private func bring(
        _ source: EventFile, _ digest: FileDigest, _ publishing: BulkPublishing, _ pool: PostgresPool
    ) async throws -> ImportSummary {
        var summary = try ImportSummary(rejectsFile: rejects)
        var progress = Progress("events")
        var arrival = Arrival()
        do {
            try await publishAll(source, digest.size, publishing, &summary, &progress, &arrival)
        } catch let fault as RecordFault {
            progress.end()
            throw ExitFault(code: .failures, message: "\(file):\(fault.line)  \(fault.reason)")
        } catch {
            progress.end()
            throw error
        }
        progress.end()
        summary.elapsed = progress.elapsed
        if Interruption.hasCome {
            throw ExitFault(
                code: .failures,
                message:
                    "interrupted: \(summary.published.counted("event")) published; the same command goes on from there")
        }
        if wait { try await arrival.wait(pool) }
        return summary
    }

    /// Reads, packs and publishes with a bounded number of bodies under way.
    private func publishAll(
        _ source: EventFile, _ size: Int, _ publishing: BulkPublishing, _ summary: inout ImportSummary,
        _ progress: inout Progress, _ arrival: inout Arrival
    ) async throws {
        var source = source
        var bodies = EventBodies(most: batch)
        try await withThrowingTaskGroup(of: Int.self) { group in
            var underWay = 0
            func send(_ body: EventBodies.Body) async throws {
                if underWay == BulkPublishing.window, let count = try await group.next() {
                    summary.published += count
                    underWay -= 1
                }
                if wait { arrival.note(body) }
                group.addTask { try await publishing.publish(body) }
                underWay += 1
                progress.show(summary.published, fraction: Double(source.position) / Double(max(1, size)))
            }
            while !Interruption.hasCome, let rows = try source.next() {
                for row in rows {
                    switch row {
                    case .event(let event): if let body = bodies.add(event) { try await send(body) }
                    case .rejected(let rejection): try summary.reject(rejection)
                    }
                }
            }
            if !Interruption.hasCome, let body = bodies.take() { try await send(body) }
            for try await count in group { summary.published += count }
        }
    }
}
