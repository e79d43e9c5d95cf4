import ArgumentParser
import Foundation
import Model
import Postgres
import ServiceRuntime
import Store
import Workspaces

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make a workspace's files the live definitions.",
        discussion: """
            Shows what changes, as loods plan does, and asks; where nobody can be asked it needs --yes. All of it is applied, \
            or nothing. Runs under way stay on the versions they began with. Applying what is live already changes nothing.
            """)

    @Argument(help: "The workspace's folder.")
    var folder = "."
    @Flag(help: "Do not ask.")
    var yes = false
    @Option(help: "Apply under this name instead of the one in workspace.yaml.")
    var workspace: String?
    @Option(help: "Apply only while this revision is live, as loods plan shows it.")
    var ifRevision: Int32?
    @Option(help: "Why; loods history tells it.")
    var reason: String?
    @OptionGroup var runs: ApplyOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let proposal = try Proposal(folder: folder, as: workspace)
        try proposal.refuseUnfitMails()
        let (author, reason, order) = (Author.name, reason, runs.order)
        let url = try Settings.read { Settings.databaseURL(&$0) }
        let (application, moved) = try await PostgresPool.lend(url) { pool in
            try await pool.withTransaction { try proposal.refuseLongWindows(in: $0) }
            let expected = try await confirmed(proposal, pool) ?? ifRevision
            let application = try await pool.withTransaction {
                try proposal.apply(order, by: author, because: reason, expecting: expected, in: $0)
            }
            let moved = try await proposal.migrate(application.migrations, by: author, because: reason, pool)
            return (application, moved)
        }
        if format.json {
            let moved = JSON.object(moved.mapValues { .int($0) })
            return Console.show(
                .object((application.json.object ?? [:]).merging(["migrated": moved]) { own, _ in own }))
        }
        if yes || !application.changesAnything { application.report(proposal.definitions) } else { print("Applied.") }
        for (journey, runs) in moved.sorted(by: { $0.key < $1.key }) {
            print("\(runs.counted("run")) of \(journey) moved to its newest version.")
        }
    }

    /// The revision that the person saw and agreed to replace; nil where nobody is to be asked.
    private func confirmed(_ proposal: Proposal, _ pool: PostgresPool) async throws -> Int32? {
        guard !yes else { return nil }
        let order = runs.order
        let shown = try await pool.withTransaction { try proposal.look(order, in: $0) }
        guard shown.changesAnything else { return shown.before }
        guard !format.json, Console.canAsk else {
            throw ExitFault(
                code: .failures,
                message: """
                    nobody can be asked here: look with loods plan, then apply with --yes (and --if-revision \
                    \(shown.before), to apply what was looked at). Nothing has been changed
                    """)
        }
        shown.report(proposal.definitions)
        print("Apply? [y/N] ", terminator: "")
        fflush(nil)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw ExitFault(code: .failures, message: "Nothing has been changed.")
        }
        if let ifRevision, ifRevision != shown.before { return ifRevision }
        return shown.before
    }
}
