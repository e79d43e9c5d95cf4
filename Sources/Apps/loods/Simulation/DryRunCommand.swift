import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Simulation
import Store
import Workspaces

struct DryRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dry-run",
        abstract: "Play the past of real contacts through a workspace's files, beside the live ones.",
        discussion: """
            Changes nothing and sends nothing. Each contact's events of the log are played twice on a virtual clock, through \
            what is live and through the files, as if either had been live all along; counted is what came of it since \
            --since. Attributes that no event in the log has set are taken as they are now, and so are suppressions and \
            consents that were imported; what the steps of live journeys set stands in the log, and is played as well. \
            Systems answer 200 to webhooks. Each contact is played alone: throttles and entry caps, which go by how many others \
            come, are left out; frequency caps, quiet hours and hold-outs hold as they do live.

            --who FILE names everybody for whom the files come to more or less: entries, mails sent, goals reached. As \
            a table, or as lines of JSON where the file's name ends in .jsonl; it holds addresses, so keep it as \
            carefully as an export.
            """)

    @Argument(help: "The workspace's folder.")
    var folder = "."
    @Option(help: "From when on to count, such as 90d before now.", transform: span)
    var since = Span.days(90)
    @Option(help: "At most so many contacts; their ids are random, so these are a sample.")
    var sample: Int?
    @Option(help: "Write who would have entered, received and converted, and who would not.")
    var who: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    private static func span(_ text: String) throws -> Span {
        guard let span = Span(text), span > .zero else {
            throw ValidationError("\"\(text)\" is no length of time such as 90d.")
        }
        return span
    }

    func validate() throws {
        if let sample, sample < 1 { throw ValidationError("--sample takes a number from 1.") }
    }

    func run() async throws {
        let proposed = try WorkspaceFolder(folder).workspace(format)
        let (choice, since, sample, who) = (try workspace.choice(), since, sample, who)
        let url = try Settings.read { Settings.databaseURL(&$0) }
        let comparison = try await PostgresPool.lend(url) { pool in
            try await PastComparison.make(
                of: proposed, since: since, sample: sample, by: choice, namingAll: who, on: pool)
        }
        if format.json { Console.show(comparison.json) } else { comparison.show() }
        if !comparison.failures.isEmpty { throw ArgumentParser.ExitCode(1) }
    }
}
