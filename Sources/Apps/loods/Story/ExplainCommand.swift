import ArgumentParser
import Model
import Store

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Tell one contact's whole story in time order, each thing with its reason.",
        discussion: """
            Times are in the workspace's zone. Points and the reasons for stages are told by the rules that are live now.
            """)

    @Argument(help: "An e-mail, a user id or a contact's id.")
    var contact: String
    @Option(help: "How many of the latest events to tell.")
    var events: Int32 = 1000
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard events >= 0 else { throw ValidationError("--events is 0 or more.") }
    }

    func run() async throws {
        let (choice, contact, events) = (try workspace.choice(), contact, events)
        let portrait = try await withWorkspace(choice) { workspace, session in
            try ContactPortrait(contact, in: workspace, eventLimit: events, session: session)
        }
        let telling = StoryTelling(portrait: portrait)
        if format.json { return Console.show(telling.json) }
        for line in telling.account { print(line) }
    }
}
