import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store

struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Show events and decisions as they come, until Ctrl-C.",
        discussion: """
            Events are shown once they are stored, by their receipt, decisions by their domain time; one whose transaction took \
            long stands behind later ones. What commits more than half a minute late is not shown. While PostgreSQL is away \
            it waits. Times are UTC; control characters are shown as \\u{…}.
            """)

    @Option(help: "Only this contact: an e-mail, a user id or a contact's id.")
    var contact: String?
    @Flag(help: "Events only.")
    var events = false
    @Flag(help: "Decisions only.")
    var decisions = false
    @Option(name: [.customShort("n"), .customLong("last")], help: "Begin with so many lines from before.")
    var last = 10
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        if events, decisions { throw ValidationError("Give --events or --decisions, or neither for both.") }
        guard (0...1000).contains(last) else { throw ValidationError("--last is 0 to 1,000.") }
    }

    func run() async throws {
        Interruption.watch()
        let (choice, contact) = (try workspace.choice(), contact)
        let url = try Settings.read { Settings.databaseURL(&$0) }
        try await PostgresPool.lend(url) { pool in
            // What is wrong with the arguments is said at once; from then on the store may come and go.
            let (workspace, key) = try await pool.withTransaction { session in
                let entry = try choice.enter(in: session)
                return (entry, try contact.map { try ContactDirectory.only($0, in: entry, session: session) })
            }
            let id = workspace.id
            var following = Following(
                CommandStore(pool: pool, standing: .workspace(workspace.name)),
                events: decisions ? nil : EventTail(workspace: id, contact: key),
                decisions: events ? nil : DecisionTail(workspace: id, contact: key), isJSON: format.json)
            try await following.run(last: last)
        }
    }
}
