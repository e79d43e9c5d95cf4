import ArgumentParser
import Model
import ServiceRuntime
import Store

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused journey go on.",
        discussion: """
            What fell due while it was paused goes on spread over an hour, or the time that --over says, so that nothing \
            floods; waits that are not over keep their time. Mails that were planned go to the send gate in their turn, or with \
            --late skip are not sent any more.
            """)

    @Argument(help: "The journey.")
    var journey: String
    @Flag(help: "Only show what would be released.")
    var dryRun = false
    @Option(help: "How long it takes until all have gone on, such as 2h; 0s lets them go at once.", transform: span)
    var over: Span = .hours(1)
    @Option(help: "Mails that were planned before: send or skip.")
    var late = Lateness.send
    @Option(help: "Why; loods history tells it.")
    var reason: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    enum Lateness: String, ExpressibleByArgument, CaseIterable { case send, skip }

    private static func span(_ text: String) throws -> Span {
        guard let span = Span(text), span >= .zero else {
            throw ValidationError("\"\(text)\" is no length of time such as 2h.")
        }
        return span
    }

    func run() async throws {
        let choice = try workspace.choice()
        try await Steering.with(journey, of: choice) { steering in
            let census = try await steering.census()
            let messages = try await steering.heldMessages()
            let held = census.reduce(0) { $0 + $1.held }
            guard steering.standing.pausedAt != nil || held > 0 || messages > 0 else {
                throw ExitFault(code: .failures, message: "\(journey) is not paused")
            }
            if dryRun { return show(census, messages) }
            let policy: Pauses.Lateness = late == .skip ? .skip : .send
            let released = try await steering.resume(over: over, policy, because: reason)
            if format.json {
                return Console.show(
                    .object([
                        "journey": .string(journey), "runs": .int(released.runs), "messages": .int(released.messages),
                        "over_seconds": .int(over.microseconds / 1_000_000),
                    ]))
            }
            print("\(journey) goes on: \(words(released.runs, released.messages)), \(spreading).")
        }
    }

    private var spreading: String { over == .zero ? "at once" : "spread over \(over)" }

    private func words(_ runs: Int64, _ messages: Int64) -> String {
        let mails =
            messages > 0
            ? ", \(messages.counted("planned mail")) \(late == .skip ? "not sent any more" : "to the send gate")" : ""
        return "\(runs.counted("run")) to be looked at\(mails)"
    }

    private func show(_ census: [JourneyCensus.Standing], _ messages: Int64) {
        let held = census.filter { $0.held > 0 }
        if format.json {
            return Console.show(
                .object([
                    "journey": .string(journey), "messages": .int(messages),
                    "runs": .array(
                        held.map { standing in
                            .object([
                                "version": .int(Int64(standing.version)), "step": .string(standing.step),
                                "runs": .int(standing.held),
                            ])
                        }),
                ]))
        }
        let runs = held.reduce(0) { $0 + $1.held }
        print("\(journey) would go on: \(words(runs, messages)), \(spreading). Nothing has been changed.")
        for standing in held {
            print("  \(standing.held.grouped) at \(standing.step), version \(standing.version)")
        }
    }
}
