import ArgumentParser
import Model
import Store

struct UnknownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unknown", abstract: "List messages of which nobody knows whether they were sent.",
        discussion: """
            A mailer died between a mail's last dot and the server's answer, or the store was restored. Nothing sends them \
            again. The mail server's log tells which of them it took: its message id begins with the message's id.
            """)

    @Option(help: "How many at most, the newest first.")
    var limit: Int32 = 100
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is 1 or more.") }
    }

    func run() async throws {
        let (choice, limit) = (try workspace.choice(), limit)
        let entries = try await withWorkspace(choice) { workspace, session in
            try UnknownMessages.latest(of: workspace.id, limit: limit, in: session)
        }
        if format.json { return Console.show(.array(entries.map(\.json))) }
        for entry in entries {
            let message = entry.message
            let who = entry.address ?? message.contact.contact.description
            let what = Console.safe("\(message.journey)/\(message.step)   \(who)   \(entry.reply ?? "the mailer died")")
            print("\(entry.at)   \(message.id)   \(what)")
        }
        if entries.isEmpty { Console.note("nothing is unknown") }
        if entries.count == Int(limit) { Console.note("there may be more: --limit") }
    }
}

extension UnknownMessages.Entry {
    fileprivate var json: JSON {
        .object([
            "at": .string(at.description), "message": .string(message.id.description),
            "contact": .string(message.contact.contact.description), "journey": .string(message.journey),
            "step": .string(message.step), "template": .string(message.template),
            "address": address.map { .string($0) } ?? .null, "reason": .string(reply ?? "the mailer died"),
        ])
    }
}
