import ArgumentParser
import JourneyProgram
import Model
import Postgres
import ServiceRuntime
import Store
import Transit
import Workspaces

struct StreamsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "streams",
        abstract: "Show how far contacts have come in each stream of e-mails, or what is left for whom.",
        discussion: """
            A contact has exhausted a stream that has had all its e-mails, whichever journeys sent them. With a stream's name, \
            the contacts are listed that have --left e-mails left, or fewer.
            """)

    @Argument(help: "A stream, to list whom it has how much left for.")
    var stream: String?
    @Option(help: "List those who have so many e-mails left at most; 0 are those who have had all.")
    var left = 0
    @Option(help: "How many contacts at most.")
    var limit: Int32 = 100
    @Option(help: "Begin behind the contact with this id.")
    var after: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is 1 or more.") }
        guard left >= 0 else { throw ValidationError("--left is 0 or more.") }
        if let after, UniqueID(after) == nil { throw ValidationError("--after is a contact's id.") }
    }

    func run() async throws {
        if let stream { try await list(stream) } else { try await count() }
    }

    // MARK: All of them

    private func count() async throws {
        let tellings = try await withWorkspace(try workspace.choice()) { workspace, session in
            try Self.definitions(of: workspace, in: session).map { definition in
                StreamTelling(
                    stream: definition.stream,
                    standing: try StreamDirectory.standing(
                        of: definition.stream.templates, in: workspace.id, session: session))
            }
        }
        if format.json { return Console.show(.array(tellings.map(\.json))) }
        if tellings.isEmpty { print("The workspace has no streams: they stand in streams/*.yaml.") }
        for line in tellings.flatMap(\.lines) { print(line) }
    }

    private static func definitions(
        of workspace: WorkspaceRegister.Entry, in session: PostgresSession
    ) throws -> [StreamDefinition] {
        guard workspace.revision > 0 else {
            throw ExitFault(code: .failures, message: "workspace \(workspace.name) has no definitions yet")
        }
        return try DefinitionsCache().workspace(workspace.id, revision: workspace.revision, in: session).streams
    }

    // MARK: One

    private func list(_ name: String) async throws {
        let (choice, left, limit) = (try workspace.choice(), left, limit)
        let after = after.flatMap { UniqueID($0) }
        let (templates, recipients) = try await withWorkspace(choice) { workspace, session in
            let known = try Self.definitions(of: workspace, in: session).map(\.stream)
            guard let stream = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                throw ExitFault(
                    code: .failures,
                    message: "workspace \(workspace.name) has no stream \"\(name)\""
                        + (names.isEmpty ? "" : "; there are \(names)"))
            }
            let recipients = try StreamDirectory.recipients(
                of: stream.templates, left: left, after: after, limit: limit, in: workspace.id, session: session)
            return (stream.templates, recipients)
        }
        if format.json { return Console.show(.array(recipients.map { $0.json(of: templates) })) }
        for recipient in recipients {
            let left = templates.filter { !recipient.had.contains($0) }
            print(
                "\(recipient.contact.contact)   \(Console.safe(recipient.address ?? "no address"))   "
                    + (left.isEmpty ? "has had all" : "left: \(left.joined(separator: ", "))"))
        }
        if recipients.count == Int(limit), let last = recipients.last {
            Console.note("there may be more: --after \(last.contact.contact)")
        }
    }
}

/// Tells how far contacts have come in a stream.
struct StreamTelling: Sendable {
    let stream: Step.Stream
    let standing: StreamDirectory.Standing

    private var exhausted: Int64 { standing.contacts[stream.templates.count] ?? 0 }

    var lines: [String] {
        let head = "\(Console.bold(stream.name))   \(stream.templates.count.counted("e-mail"))"
        let begun = standing.contacts.sorted { $0.key > $1.key }.map { had, contacts in
            let left = stream.templates.count - had
            let words = left == 0 ? "had all: it is exhausted for them" : "\(left) left"
            return "  \(contacts.grouped.leading(to: 10)) \(contacts == 1 ? "contact" : "contacts")   \(words)"
        }
        let emails = stream.templates.map { name in
            "  \((standing.emails[name] ?? 0).grouped.leading(to: 10)) had \(Console.safe(name))"
        }
        return [head] + (begun.isEmpty ? ["  nobody has had any of it"] : begun) + emails
    }

    var json: JSON {
        .object([
            "stream": .string(stream.name), "emails": .array(stream.templates.map { .string($0) }),
            "exhausted": .int(exhausted),
            "had": .object(
                Dictionary(uniqueKeysWithValues: standing.contacts.map { ("\($0.key)", JSON.int($0.value)) })),
            "contacts_by_email": .object(
                Dictionary(uniqueKeysWithValues: stream.templates.map { ($0, .int(standing.emails[$0] ?? 0)) })),
        ])
    }
}

extension StreamDirectory.Recipient {
    fileprivate func json(of templates: [String]) -> JSON {
        .object([
            "contact": .string(contact.contact.description), "email": address.map { .string($0) } ?? .null,
            "left": .array(templates.filter { !had.contains($0) }.map { .string($0) }),
        ])
    }
}
