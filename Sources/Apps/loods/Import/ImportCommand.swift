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
            changes nothing: one that broke off is given again and begins at its first row.

            With --trigger events are sent in the order of (time, event id), whatever the order of the file, each \
            message once the broker holds the one before. One scoring process applies them in that order. Where \
            several share the work, two neighbouring messages may be applied side by side: of a contact with events \
            in both the later may then be seen first. What does not fit in memory is sorted in temporary files (TMPDIR).

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
    @Option(help: .hidden)
    var sortRows = 250_000
    @Flag(help: "Return only when the events are in the store.")
    var wait = false
    @Option(help: "Write rows that cannot be read to this file, as lines of JSON.")
    var rejects: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard (1...5000).contains(batch) else { throw ValidationError("--batch is between 1 and 5,000.") }
        guard sortRows > 0 else { throw ValidationError("--sort-rows is 1 or more.") }
    }

    func run() async throws {
        Interruption.watch()
        let map = try map.map { try ImportMapReader.read($0) }
        let digest = try FileDigest(file)
        let (database, broker) = try Settings.read { (Settings.databaseURL(&$0), Settings.brokerURL(&$0)) }
        let choice = try workspace.choice()
        let summary = try await PostgresPool.lend(database) { pool in
            let (entry, clock) = try await pool.withTransaction { session in
                (try choice.enter(in: session), try DomainClock.reading(in: session))
            }
            let store = CommandStore(pool: pool, standing: .workspace(entry.name))
            let reading = ItemReading(
                workspace: entry.id, effect: trigger ? .live : .history,
                receivedAt: clock.mode == .real ? MachineClock.host.now : clock.now)
            return try await Publisher.lend(broker) { publisher in
                var run = ImportRun(
                    try EventFile(file, digest: digest, map: map, reading: reading), size: digest.size,
                    by: BulkPublishing(publisher: publisher, store: store, mode: clock.mode),
                    bodies: EventBodies(most: batch), sorting: trigger ? EventSorting(most: sortRows) : nil,
                    arrival: wait ? Arrival(of: reading, since: MachineClock.host.now) : nil,
                    summary: try ImportSummary(rejectsFile: rejects))
                do {
                    try await run.bring()
                } catch let fault as RecordFault {
                    throw ExitFault(code: .failures, message: "\(file):\(fault.line)  \(fault.reason)")
                }
                return run.summary
            }
        }
        if format.json { Console.show(summary.json) } else { summary.say(waited: wait) }
        if summary.rejected > 0 || summary.setAside > 0 { throw ArgumentParser.ExitCode(1) }
    }
}
