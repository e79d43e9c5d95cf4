import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store
import Transit
import Workspaces

struct ConsentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent",
        abstract: "Print a contact's ledger of consents, find consents without proof, and prove the ledger itself.",
        subcommands: [Show.self, Audit.self, Verify.self])
}

extension ConsentCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a contact's whole ledger: what was said when, how, to which words, and what proves it.",
            discussion: """
                Of whoever was erased, what is kept of their ledger is found by the address, with LOODS_ERASURE_SECRET: topics, \
                times, means and hashes of the wordings, for three years, and nothing that says who it was.
                """)

        @Argument(help: "An e-mail, a user id or a contact's id.")
        var contact: String
        @OptionGroup var workspace: WorkspaceOption
        @OptionGroup var format: FormatOption

        func run() async throws {
            let (choice, contact) = (try workspace.choice(), contact)
            let erasureKey = try Settings.read { $0.erasureKey() }
            let (account, erased) = try await withWorkspace(choice) {
                (entry, session) -> (ConsentAccount?, ErasedConsentAccount) in
                let definitions = try ConsentCommand.definitions(of: entry, in: session)
                let kept = try erasureKey.map {
                    try ErasedConsents.of(contact, in: entry.id, by: $0, session: session)
                }
                let erased = ErasedConsentAccount(entries: kept ?? [], zone: definitions.zone)
                let isKnown = try !ContactDirectory.find(contact, in: entry.id, session: session).isEmpty
                if !isKnown, !erased.entries.isEmpty { return (nil, erased) }
                guard isKnown || erasureKey != nil else { throw Self.unknown(contact, in: entry) }
                let key = try ContactDirectory.only(contact, in: entry, session: session)
                let account = ConsentAccount(
                    try Consents.ledger(of: key, in: session), in: definitions, now: try DomainClock.read(in: session))
                return (account, erased)
            }
            if format.json { return Console.show(.array(erased.json + (account?.json.array ?? []))) }
            for line in erased.lines + (account?.lines ?? []) { print(line) }
        }

        private static func unknown(_ contact: String, in workspace: WorkspaceRegister.Entry) -> ExitFault {
            ExitFault(
                code: .failures,
                message: """
                    nobody in workspace \(workspace.name) is known as "\(contact)"; whether they were erased, and what is kept \
                    of their consents, is found by the address with LOODS_ERASURE_SECRET
                    """)
        }
    }

    struct Audit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Name the contacts whose consent could not be proved, and say what is missing.",
            discussion: """
                Looks at each consent that holds: whether the topic is the workspace's, the words are on record as they were \
                shown, and something says how, where or by whom it was given; where the topic has double_opt_in also whether it \
                was confirmed. Ends with 1 where something is missing. Nothing is changed: a consent without proof counts \
                until it is withdrawn, or the contact is asked anew.
                """)

        private static let page: Int32 = 1000

        @Option(help: "Only consents to this topic.")
        var topic: String?
        @OptionGroup var workspace: WorkspaceOption
        @OptionGroup var format: FormatOption

        func run() async throws {
            let (choice, topic, isJSON) = (try workspace.choice(), topic, format.json)
            let database = try Settings.read { Settings.databaseURL(&$0) }
            let tally = try await PostgresPool.lend(database) { pool in
                let (entry, definitions) = try await pool.withTransaction { session in
                    let entry = try choice.enter(in: session)
                    return (entry, try ConsentCommand.definitions(of: entry, in: session))
                }
                if let topic { try Self.check(topic, in: definitions) }
                let store = CommandStore(pool: pool, standing: .workspace(entry.name))
                var (tally, place) = (ConsentTally(topic: topic, isJSON: isJSON), UniqueID?.none)
                repeat {
                    let after = place
                    let page = try await store.transaction {
                        try Exports.consents(of: entry.id, after: after, limit: Self.page, in: $0)
                    }
                    tally.take(page.lines, by: definitions)
                    place = page.last
                } while place != nil
                return tally
            }
            tally.end()
            guard tally.incomplete > 0 else { return Console.note(tally.sentence) }
            throw ExitFault(code: .failures, message: tally.sentence)
        }

        private static func check(_ topic: String, in workspace: Workspace) throws {
            let known = workspace.topics.map(\.name)
            guard !known.contains(topic) else { return }
            throw ExitFault(
                code: .settings, message: "there is no topic \"\(topic)\"; there are \(known.joined(separator: ", "))")
        }
    }
}

extension ConsentCommand {
    /// The live definitions.
    fileprivate static func definitions(
        of entry: WorkspaceRegister.Entry, in session: PostgresSession
    ) throws -> Workspace {
        guard entry.revision > 0 else {
            throw ExitFault(code: .failures, message: "nothing was applied to workspace \(entry.name) yet")
        }
        return try DefinitionsCache().workspace(entry.id, revision: entry.revision, in: session)
    }
}
