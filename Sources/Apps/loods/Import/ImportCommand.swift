import ArgumentParser
import Contracts
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit
import Workspaces

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Bring events, contacts, consents or suppressions from a file.",
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

            With --kind contacts, consents or suppressions FILE is what loods export writes of that kind: a table (.csv) whose \
            first line names the columns, or lines of JSON.

            contacts       user_id, anonymous_ids, emails (names: one, or a JSON list), email (a name and the address), \
            company_id, company_since, updated_at, and traits.NAME; each becomes the call identify, at updated_at.
            consents       user_id, anonymous_id or email; topic, channel, address, state (given, denied, withdrawn, pending); \
            and the proof: at (when), source (how), wording (what they were told) or the version of it that workspace.yaml \
            has, and what else is known: language, url, ip, user_agent, message_id, confirmed_at, actor, notice, sale_id. A \
            consent that an import brings never outdoes a withdrawal that was made here. One without its proof is rejected, \
            or, where the topic has double_opt_in, asked for anew: the person gets one mail with a link that confirms.
            suppressions   address, reason (all, invalid-address, complaint, marketing), at. One that stands stays as it is, \
            and an import takes none away.

            Cells are read as loods export writes them: an apostrophe in front of = + - @ is taken away, and what is JSON is \
            read as that. A row that cannot be used is told by line and column, and the rest goes on.
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case events, contacts, consents, suppressions
    }

    @Argument(help: "The file.")
    var file: String
    @Option(help: "What the file holds: events, contacts, consents or suppressions.")
    var kind = Kind.events
    @Option(help: "Leave out so many records at the beginning, which an earlier run has brought; not for events.")
    var skip = 0
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
        guard skip >= 0, skip == 0 || kind != .events else {
            throw ValidationError("--skip is for contacts, consents and suppressions.")
        }
        guard map == nil || kind == .events else { throw ValidationError("--map is for events.") }
        guard (1...5000).contains(batch) else { throw ValidationError("--batch is between 1 and 5,000.") }
        guard sortRows > 0 else { throw ValidationError("--sort-rows is 1 or more.") }
    }

    func run() async throws {
        Interruption.watch()
        let map = try map.map { try ImportMapReader.read($0) }
        let digest = try FileDigest(file)
        let (database, broker) = try Settings.read { reader in
            (Settings.databaseURL(&reader), kind == .suppressions ? "" : Settings.brokerURL(&reader))
        }
        let erasureKey = try kind == .suppressions ? Settings.read { $0.erasureKey() } : nil
        let choice = try workspace.choice()
        let summary = try await PostgresPool.lend(database) { pool in
            let (entry, clock) = try await pool.withTransaction { session in
                (try choice.enter(in: session), try DomainClock.reading(in: session))
            }
            let store = CommandStore(pool: pool, standing: .workspace(entry.name))
            let receivedAt = clock.mode == .real ? MachineClock.host.now : clock.now
            if kind == .suppressions {
                var suppressions = SuppressionImport(
                    into: entry, store: store, key: erasureKey, now: receivedAt,
                    summary: try ImportSummary(rejectsFile: rejects))
                try await Self.naming(file) {
                    try await suppressions.bring(file, form, size: digest.size, skipping: skip)
                }
                return suppressions.summary
            }
            let confirmed = kind == .consents ? try await Self.confirmedTopics(of: entry, pool) : []
            let effect = trigger ? AcceptedEvent.Effect.live : .history
            return try await Publisher.lend(broker) { publisher in
                var run = ImportRun(
                    try source(digest, map, entry.id, effect, receivedAt: receivedAt, confirmed: confirmed),
                    size: digest.size,
                    by: BulkPublishing(publisher: publisher, store: store, mode: clock.mode),
                    bodies: EventBodies(most: batch), sorting: trigger ? EventSorting(most: sortRows) : nil,
                    arrival: wait
                        ? Arrival(in: entry.id, receivedAt: receivedAt, since: MachineClock.host.now) : nil,
                    summary: try ImportSummary(rejectsFile: rejects))
                try await Self.naming(file) { try await run.bring() }
                return run.summary
            }
        }
        if format.json {
            Console.show(summary.json)
        } else if kind == .suppressions {
            summary.saySuppressions()
        } else {
            summary.say(waited: wait)
        }
        if summary.rejected > 0 || summary.setAside > 0 { throw ArgumentParser.ExitCode(1) }
    }

    /// The topics whose consents are confirmed by mail.
    private static func confirmedTopics(
        of entry: WorkspaceRegister.Entry, _ pool: PostgresPool
    ) async throws -> Set<String> {
        guard entry.revision > 0 else { return [] }
        let workspace = try await pool.withTransaction { session in
            try DefinitionsCache().workspace(entry.id, revision: entry.revision, in: session)
        }
        return Set(workspace.topics.filter { $0.confirmation != nil }.map(\.name))
    }

    private func source(
        _ digest: FileDigest, _ map: ImportMap?, _ workspace: WorkspaceID, _ effect: AcceptedEvent.Effect,
        receivedAt: Timestamp, confirmed: Set<String>
    ) throws -> any EventSource {
        guard kind != .events else {
            return try EventFile(
                file, digest: digest, map: map,
                reading: ItemReading(workspace: workspace, effect: effect, receivedAt: receivedAt))
        }
        let reading = PeopleReading(
            kind: kind == .contacts ? .contacts : .consents, workspace: workspace, effect: effect,
            receivedAt: receivedAt, confirmed: confirmed)
        return try PeopleFile(file, form, digest: digest, reading: reading, skipping: skip)
    }

    /// A fault of the file as a whole is told with its place.
    private static func naming(_ file: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let fault as RecordFault {
            throw ExitFault(code: .failures, message: "\(file):\(fault.line)  \(fault.reason)")
        }
    }

    private var form: RecordOutput.Form { RecordFile.form(of: file) }
}
