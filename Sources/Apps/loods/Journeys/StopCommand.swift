import ArgumentParser
import Foundation
import Model
import ServiceRuntime
import Store

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End all runs of a journey.",
        discussion: """
            Each run ends as stopped, with the reason; what it has planned is not sent. The journey takes no entries until an \
            apply makes it live again, which loods plan shows. Runs that were stopped do not come back.
            """)

    @Argument(help: "The journey.")
    var journey: String
    @Flag(help: "Do not ask.")
    var yes = false
    @Option(help: "Why; each run keeps it, and loods history tells it.")
    var reason: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let (choice, reason) = (try workspace.choice(), reason)
        try await Steering.with(journey, of: choice) { steering in
            try await confirm(steering)
            let stopped = try await steering.stop(because: reason)
            if format.json {
                return Console.show(
                    .object([
                        "journey": .string(journey), "runs": .int(stopped.runs), "messages": .int(stopped.messages),
                    ]))
            }
            print(
                """
                \(journey) is stopped: \(stopped.runs.counted("run")) ended, \
                \(stopped.messages.counted("planned mail")) not sent. An apply makes it live again.
                """)
        }
    }

    private func confirm(_ steering: Steering) async throws {
        guard !yes else { return }
        let runs = try await steering.census().reduce(0) { $0 + $1.runs }
        guard !format.json, Console.canAsk else {
            throw ExitFault(
                code: .failures,
                message: """
                    nobody can be asked here whether to end \(runs.counted("run")) of \(journey): say --yes. Nothing has been \
                    changed
                    """)
        }
        print("End \(runs.counted("run")) of \(journey), for good? [y/N] ", terminator: "")
        fflush(nil)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw ExitFault(code: .failures, message: "Nothing has been changed.")
        }
    }
}
