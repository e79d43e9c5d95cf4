import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store

struct ScoresCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scores", abstract: "Look after scores.", subcommands: [Check.self])
}

extension ScoresCommand {
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count scores afresh from the log, and say whether the stored ones are the same to the bit.",
            discussion: """
                Each contact is counted by the rules that it was last met under. Nothing is changed. Exit code 1 where \
                something differs. loods explain CONTACT --score tells where a contact's points come from.
                """)

        @Argument(help: "An e-mail, a user id or a contact's id.")
        var contact: String?
        @Flag(help: "Everybody, in slices that each see the store at one moment.")
        var all = false
        @OptionGroup var workspace: WorkspaceOption
        @OptionGroup var format: FormatOption

        func validate() throws {
            guard (contact != nil) != all else { throw ValidationError("Name a contact, or --all.") }
        }

        func run() async throws {
            let (choice, contact) = (try workspace.choice(), contact)
            let url = try Settings.read { Settings.databaseURL(&$0) }
            let report = try await PostgresPool.lend(url) { pool in
                try await ScoreCheck(pool: pool, choice: choice).run(contact)
            }
            if format.json { Console.show(report.json) } else { report.lines.forEach { print($0) } }
            if !report.differences.isEmpty { throw ArgumentParser.ExitCode(1) }
        }
    }
}

extension ScoreCheck.Report {
    fileprivate var lines: [String] {
        let found = differences.map { difference in
            "\(difference.contact.contact)   \(difference.model): stored \(difference.stored.short), "
                + "by the log \(difference.counted.short)"
                + (difference.isOfListsAlone ? ", and other events count" : "")
        }
        let checked = "\(contacts.counted("contact")), \(scores.counted("score"))"
        return found + [
            found.isEmpty
                ? "\(checked): all as the log gives them, to the bit"
                : "\(checked); \(found.count.counted("difference"))"
        ]
    }

    fileprivate var json: JSON {
        .object([
            "contacts": .int(Int64(contacts)), "scores": .int(Int64(scores)),
            "differences": .array(
                differences.map { difference in
                    .object([
                        "contact": .string(difference.contact.contact.description), "score": .string(difference.model),
                        "stored": .double(difference.stored), "counted": .double(difference.counted),
                    ])
                }),
        ])
    }
}
