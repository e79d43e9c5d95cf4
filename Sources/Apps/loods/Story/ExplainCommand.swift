import ArgumentParser
import Model
import Store

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Tell one contact's whole story in time order, each thing with its reason.",
        discussion: """
            Times are in the workspace's zone. Points and the reasons for stages are told by the rules that are live now.

            With a MESSAGE it tells of that one only: what became of it, why it went or did not, and on which basis (consent and \
            how it was given, a sale, a legitimate interest with its balancing test), as the gate recorded it. With a journey, or \
            a step that has sent nothing, it tells when and why the contact came in, which way it went, and for what it waits.

            --score tells where each point comes from instead: the event and its rule, what is left of the points, what \
            a cap cut off, and which attributes fit. The lines add up to the score.
            """)

    @Argument(help: "An e-mail, a user id or a contact's id.")
    var contact: String
    @Option(help: "How many of the latest events to tell.")
    var events: Int32 = 1000
    @Flag(help: "Tell where the scores come from.")
    var score = false
    @Argument(
        help: ArgumentHelp(
            "A journey, a step of one, or a message of theirs, by journey/step or id; with --score, the score to tell.",
            valueName: "message"))
    var part: String?
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
        if score {
            let telling = try ScoreTelling(portrait, model: part)
            if format.json { return Console.show(telling.json) }
            for line in telling.lines { print(line) }
            return
        }
        if let part, !MessageTelling.knows(part, portrait), let telling = JourneyTelling(portrait, about: part) {
            if format.json { return Console.show(telling.json) }
            for line in telling.lines { print(line) }
            return
        }
        if let part {
            let telling = try MessageTelling(portrait, message: part)
            if format.json { return Console.show(telling.json) }
            for line in telling.lines { print(line) }
            return
        }
        let telling = StoryTelling(portrait: portrait)
        if format.json { return Console.show(telling.json) }
        for line in telling.account { print(line) }
    }
}
