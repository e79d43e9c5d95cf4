import ArgumentParser
import JourneyProgram
import Model
import ServiceRuntime
import Store

struct ContactsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contacts", abstract: "List, count and show contacts.",
        subcommands: [List.self, Show.self, Count.self, Merges.self, Object.self], defaultSubcommand: List.self)
}

extension ContactsCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List contacts in the order of their ids.")

        @Option(help: "Only those in this stage.")
        var stage: String?
        @Option(help: "Only those in this segment.")
        var segment: String?
        @Option(help: "How many at most.")
        var limit: Int32 = 100
        @Option(help: "Begin behind the contact with this id.")
        var after: String?
        @OptionGroup var workspace: WorkspaceOption
        @OptionGroup var format: FormatOption

        func validate() throws {
            guard limit > 0 else { throw ValidationError("--limit is 1 or more.") }
            if let after, UniqueID(after) == nil { throw ValidationError("--after is a contact's id.") }
        }

        func run() async throws {
            let (choice, stage, segment, limit) = (try workspace.choice(), stage, segment, limit)
            let after = after.flatMap { UniqueID($0) }
            let entries = try await withWorkspace(choice) { workspace, session in
                try ContactDirectory.list(
                    of: workspace.id, stage: stage, segment: segment, after: after, limit: limit, in: session)
            }
            if format.json { return Console.show(.array(entries.map(\.json))) }
            for entry in entries {
                let stage = (entry.stage ?? "–").padded(to: 12)
                print("\(entry.contact.contact)   \(stage)   \(Console.safe(entry.address ?? "no address"))")
            }
            if entries.count == Int(limit), let last = entries.last {
                Console.note("there may be more: --after \(last.contact.contact)")
            }
        }
    }

    struct Count: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Count contacts, in all and by stage.")

        @OptionGroup var workspace: WorkspaceOption
        @OptionGroup var format: FormatOption

        func run() async throws {
            let choice = try workspace.choice()
            let census = try await withWorkspace(choice) { try ContactDirectory.census(of: $0.id, in: $1) }
            let stages = census.stages.sorted { ($0.key ?? "") < ($1.key ?? "") }
            if format.json {
                let counts = stages.map { ($0.key ?? "", JSON.int($0.value)) }
                return Console.show(
                    .object([
                        "contacts": .int(census.contacts),
                        "stages": .object(Dictionary(uniqueKeysWithValues: counts)),
                    ]))
            }
            print(census.contacts.counted("contact"))
            for (stage, count) in stages {
                print("  \((stage ?? "no stage").padded(to: 12)) \(count.grouped.leading(to: 10))")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one contact: names, attributes, stage, segments, persona, scores, consents.",
            discussion: "loods explain tells its whole story.")

        @Argument(help: "An e-mail, a user id or a contact's id.")
        var contact: String
        @OptionGroup var workspace: WorkspaceOption
        @OptionGroup var format: FormatOption

        func run() async throws {
            let (choice, contact) = (try workspace.choice(), contact)
            let portrait = try await withWorkspace(choice) { workspace, session in
                try ContactPortrait(contact, in: workspace, eventLimit: 0, session: session)
            }
            if format.json { return Console.show(portrait.json) }
            for line in portrait.lines { print(line) }
        }
    }
}

extension ContactDirectory.Entry {
    fileprivate var json: JSON {
        .object([
            "contact": .string(contact.contact.description), "email": address.map { .string($0) } ?? .null,
            "stage": stage.map { .string($0) } ?? .null, "created_at": .string(createdAt.description),
        ])
    }
}
