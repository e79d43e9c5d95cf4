import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store

struct BackfillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill", abstract: "Show how far new definitions have been carried through the audience.",
        discussion: """
            After loods apply, scoring looks at every contact again, behind live work. Exit code 1 with --wait where it was \
            interrupted.
            """)

    @Flag(help: "Wait until it is done.")
    var wait = false
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let choice = try workspace.choice()
        if wait { try await untilDone(choice) }
        let (standing, name) = try await Self.look(choice)
        if format.json { return Console.show(standing.json) }
        print("workspace \(name)   \(standing.line)")
    }

    private static func look(_ choice: WorkspaceChoice) async throws -> (BackfillStanding, workspace: String) {
        try await withWorkspace(choice) { entry, session in
            let progress = try Backfills.progress(of: entry.id, in: session).first
            return (BackfillStanding(revision: entry.revision, progress: progress), entry.name)
        }
    }

    private func untilDone(_ choice: WorkspaceChoice) async throws {
        Interruption.watch()
        var bar = Progress("contacts")
        defer { bar.end() }
        while true {
            let (standing, name) = try await Self.look(choice)
            if standing.isDone { return }
            if Interruption.hasCome {
                throw ExitFault(code: .failures, message: "interrupted; workspace \(name)   \(standing.line)")
            }
            bar.show(Int(standing.progress?.done ?? 0), fraction: standing.fraction)
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
