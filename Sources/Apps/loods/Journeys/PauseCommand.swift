import ArgumentParser
import Model
import Store

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let the runs of a journey stand still.",
        discussion: """
            When it returns, no run of the journey goes on and none of its mails leaves, but those that a mailer has in hand. \
            Entries are taken meanwhile and stand before their first step. An apply does not change that; loods resume does.
            """)

    @Argument(help: "The journey.")
    var journey: String
    @Option(help: "Why; loods history tells it.")
    var reason: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let (choice, reason) = (try workspace.choice(), reason)
        try await Steering.with(journey, of: choice) { steering in
            if let since = steering.standing.pausedAt { Console.note("\(journey) is paused since \(since) already") }
            let messages = try await steering.pause(because: reason)
            let runs = try await steering.census().reduce(0) { $0 + $1.runs }
            if format.json {
                return Console.show(
                    .object(["journey": .string(journey), "runs": .int(runs), "held_messages": .int(messages)]))
            }
            print(
                """
                \(journey) is paused: \(runs.counted("run")) \(runs == 1 ? "stands" : "stand") still, \
                \(messages.counted("planned mail")) held. Go on: loods resume \(journey)
                """)
        }
    }
}
