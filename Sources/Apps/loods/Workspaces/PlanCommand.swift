import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store
import Workspaces

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what applying a workspace's files would change, and for how many.",
        discussion: """
            Changes nothing. Runs are counted as they stand; what would be sent is an estimate, since events, goals, consents \
            and caps decide when it is due. Exit code 0 where nothing would change, 2 where something would, 1 where the \
            files cannot be applied.
            """)

    @Argument(help: "The workspace's folder.")
    var folder = "."
    @Option(help: "Plan under this name instead of the one in workspace.yaml.")
    var workspace: String?
    @OptionGroup var runs: ApplyOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let (proposal, order) = (try Proposal(folder: folder, as: workspace), runs.order)
        let url = try Settings.read { Settings.databaseURL(&$0) }
        let application = try await PostgresPool.lend(url) { pool in
            try await pool.withTransaction { session in
                try proposal.refuseLongWindows(in: session)
                return try proposal.look(order, in: session)
            }
        }
        if format.json {
            Console.show(application.json)
        } else {
            application.report(proposal.definitions)
            if application.changesAnything { print(closing(application)) }
        }
        if application.changesAnything { throw ArgumentParser.ExitCode(2) }
    }

    /// As they were given.
    private var options: String {
        runs.migrate.map { " --migrate \($0)" }.joined() + (runs.content ? " --content" : "")
    }

    private func closing(_ application: Application) -> String {
        """

        \(application.sum). Nothing has been changed. Run: loods apply \(folder)\(options) --if-revision \
        \(application.before)
        """
    }
}
