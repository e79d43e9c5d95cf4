import ArgumentParser

/// The command line.
@main
struct Loods: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loods",
        abstract: "Pilots contacts through their customer journey.",
        discussion: """
            Servers are named by LOODS_DATABASE_URL and LOODS_AMQP_URL; LOODS_WORKSPACE names the workspace. NAME_FILE \
            names a file that holds the value of NAME.

            Exit codes: 0 done, 1 findings or failures, 2 plan has changes, 64 usage or settings, 69 a server is away, \
            70 a fault of ours.
            """,
        subcommands: [
            InitCommand.self, ValidateCommand.self, PreflightCommand.self, SendTestCommand.self, TestCommand.self,
            SimulateCommand.self, DryRunCommand.self,
            PlanCommand.self,
            ApplyCommand.self, HistoryCommand.self, PauseCommand.self, ResumeCommand.self, StopCommand.self,
            SchemaCommand.self, MigrateCommand.self, KeysCommand.self,
            WebhooksCommand.self, SendersCommand.self, PaceCommand.self, KillSwitchCommand.self, QuotaCommand.self,
            ImportCommand.self, ExportCommand.self,
            ContactsCommand.self, ConsentCommand.self, EraseCommand.self,
            SegmentsCommand.self, BackfillCommand.self, LogCommand.self,
            ExplainCommand.self, FunnelCommand.self, StreamsCommand.self, ScoresCommand.self, ClockCommand.self,
            SetAsideCommand.self,
            StatusCommand.self, TailCommand.self,
            ExprCommand.self, DKIMCommand.self, BouncesCommand.self, UnknownCommand.self, FenceCommand.self,
            BrokerUsersCommand.self,
            ProbeCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Ending(of: error).leave()
        }
    }
}
