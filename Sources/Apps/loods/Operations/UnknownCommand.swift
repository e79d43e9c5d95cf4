import ArgumentParser
import Model
import Store

struct UnknownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unknown", abstract: "List messages of which nobody knows whether they were sent, or sent once.",
        discussion: """
            A mailer died, or lost its connection, between a mail's last dot and the server's answer, or the store was \
            restored. "on_unknown" in workspace.yaml says what becomes of them by class: transactional ones are sent again, \
            once and with the same Message-ID, and marketing is held as unknown, unless it says otherwise; after a restore \
            all are held. The mail server's log tells which of them it took: its message id begins with the message's id.
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
            let what = Console.safe("\(message.journey)/\(message.step)   \(who)   \(entry.words)")
            print("\(entry.at)   \(message.id)   \(what)")
        }
        if entries.isEmpty { Console.note("nothing is unknown") }
        if entries.count == Int(limit) { Console.note("there may be more: --limit") }
    }
}

extension UnknownMessages.Entry {
    fileprivate var words: String {
        let reply = reply ?? (state == .unknown ? "the mailer died" : "")
        guard state != .unknown else { return reply }
        return
            "planned again, \(state == .planned ? "not sent since" : state.rawValue)\(reply.isEmpty ? "" : ": \(reply)")"
    }

    fileprivate var json: JSON {
        .object([
            "at": .string(at.description), "message": .string(message.id.description),
            "contact": .string(message.contact.contact.description), "journey": .string(message.journey),
            "step": .string(message.step), "template": .string(message.template),
            "address": address.map { .string($0) } ?? .null, "state": .string(state.rawValue), "reason": .string(words),
        ])
    }
}
