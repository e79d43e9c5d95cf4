import ArgumentParser
import Model
import Store

extension ContactsCommand {
    struct Merges: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell how a contact came to be one person: which names, when, by which event and rule.",
            discussion: """
                Names that a trusted sender uses together are one person (a server key, an import; a public key links \
                nothing). Events are taken in the order of their time and id, whenever they arrive:

                  joined   two people turned out to be one; at most one of them had a user id
                  moved    a name belongs to the user who was linked to it first, and an earlier link came to be known
                  refused  both names belong to users already, and two user ids never merge

                Of two people who merge the one with the user id survives, else the one with the lesser id. Attributes: the \
                last writer wins, name by name. Scores add up, consents and history come together. A name that moves takes \
                its facts with it; runs, mails and stages that were reached stay where they were.
                """)

        @Argument(help: "An e-mail, a user id or a contact's id.")
        var contact: String
        @OptionGroup var workspace: WorkspaceOption
        @OptionGroup var format: FormatOption

        func run() async throws {
            let (choice, contact) = (try workspace.choice(), contact)
            let account = try await withWorkspace(choice) { workspace, session in
                try MergeAccount.load(
                    of: try ContactDirectory.only(contact, in: workspace, session: session), in: session)
            }
            if format.json { return Console.show(account.json) }
            for line in account.lines { print(line) }
        }
    }
}

extension MergeAccount {
    fileprivate var lines: [String] {
        let names = names.map { Console.safe("\($0.kind.rawValue) \($0.value)") }.joined(separator: ", ")
        let head = "\(contact.contact)  \(names)"
        return [head] + (steps.isEmpty ? ["  nobody has merged into this contact"] : steps.map { "  " + line($0) })
    }

    private func line(_ step: Step) -> String {
        let strong = step.strong.map { Console.safe($0.value) } ?? "?"
        let weak = step.weak.map { Console.safe($0.value) } ?? "?"
        let event = "event \(Console.safe(step.eventID)) of \(step.eventAt) names \(strong) and \(weak)"
        switch step.rule {
        case .joined: return "joined   \(step.from) into \(step.to): \(event)"
        case .moved:
            return "moved    \(step.subject) from \(step.from) to \(step.to): \(event), and was the earliest to"
        case .refused: return "refused  \(event): each has a user id of its own"
        }
    }

    fileprivate var json: JSON {
        .object([
            "contact": .string(contact.contact.description), "names": .array(names.map(\.json)),
            "merges": .array(
                steps.map { step in
                    .object([
                        "rule": .string("\(step.rule)"),
                        "decided_at": step.decidedAt.map { .string($0.description) } ?? .null,
                        "event_id": .string(step.eventID), "event_at": .string(step.eventAt.description),
                        "subject": .string(step.subject.description), "from": .string(step.from.description),
                        "to": .string(step.to.description), "strong": step.strong?.json ?? .null,
                        "weak": step.weak?.json ?? .null,
                    ])
                }),
        ])
    }
}

extension Identity {
    fileprivate var json: JSON { .object(["kind": .string(kind.rawValue), "value": .string(value)]) }
}
