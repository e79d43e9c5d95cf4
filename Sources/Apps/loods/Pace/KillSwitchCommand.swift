import ArgumentParser
import Model
import Postgres
import SendGate
import ServiceRuntime
import Store

struct KillSwitchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill-switch", abstract: "Stop all that a workspace sends, and let it go on.",
        discussion: """
            Within 5 s no mailer claims or hands over anything of the workspace, transactional mail, webhooks and postcards \
            included; what a mail server is just taking is finished. All that is planned stays planned, and journeys plan on.
            """,
        subcommands: [KillSwitchStatusCommand.self, KillSwitchOnCommand.self, KillSwitchOffCommand.self],
        defaultSubcommand: KillSwitchStatusCommand.self)
}

struct KillSwitchStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show whether the workspace sends; if not, since when, by whom and why.")

    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let choice = try workspace.choice()
        let (name, entry, held) = try await withWorkspace(choice) { workspace, session in
            let held = try KillSwitches.held(
                reasons: Reasons.workspaceStopped.rawValue, in: workspace.id, session: session)
            return (workspace.name, try KillSwitches.all(in: session).first, held.count)
        }
        if format.json {
            return Console.show(
                .object([
                    "workspace": .string(name), "on": .bool(entry != nil), "held": .int(Int64(held)),
                    "since": entry.map { .string($0.at.description) } ?? .null,
                    "by": entry.map { .string($0.author) } ?? .null,
                    "reason": (entry?.reason).map { .string($0) } ?? .null,
                ]))
        }
        guard let entry else { return print("off: \(Console.safe(name)) sends") }
        let why = entry.reason.map { ": \($0)" } ?? ""
        print(Console.safe("on since \(entry.at) by \(entry.author)\(why)"))
        if held > 0 { print("\(Int64(held).counted("message")) held") }
    }
}

struct KillSwitchOnCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "on", abstract: "Stop all that the workspace sends.")

    @Option(help: "Why; loods history, loods status and loods kill-switch tell it.")
    var reason: String?
    @OptionGroup var workspace: WorkspaceOption

    func run() async throws {
        let (choice, reason, author) = (try workspace.choice(), reason, Author.name)
        let (name, isNews) = try await withWorkspace(choice) { workspace, session in
            let entry = try WorkspaceRegister.lock(workspace.name, in: session)
            let now = try DomainClock.read(in: session)
            let isNews = try KillSwitches.turnOn(
                KillSwitches.Entry(workspace: entry.id, at: now, author: author, reason: reason), in: session)
            if isNews {
                try Interventions.record(
                    Interventions.Entry(
                        kind: .stopSending, at: now, author: author, reason: reason, revision: entry.revision),
                    of: entry.id, in: session)
            }
            return (workspace.name, isNews)
        }
        print("\(Console.safe(name)) \(isNews ? "sends nothing any more" : "sent nothing already")")
    }
}

struct KillSwitchOffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "off", abstract: "Let the workspace send again.",
        discussion: """
            What was held goes to the send gate at once, or spread over the time that --over says, or with --late skip is not \
            sent any more.
            """)

    @Option(help: "How long it takes until all have gone on, such as 2h.", transform: Self.span)
    var over: Span = .zero
    @Option(help: "What was held: send or skip.")
    var late = ResumeCommand.Lateness.send
    @Option(help: "Why; loods history tells it.")
    var reason: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    /// Messages in one transaction.
    private static let portion = 500

    private static func span(_ text: String) throws -> Span {
        guard let span = Span(text), span >= .zero else {
            throw ValidationError("\"\(text)\" is no length of time such as 2h.")
        }
        return span
    }

    func run() async throws {
        let choice = try workspace.choice()
        let url = try Settings.read { Settings.databaseURL(&$0) }
        let (name, wasOn, released) = try await PostgresPool.lend(url) { pool in
            let workspace = try await pool.withTransaction { try choice.enter(in: $0) }
            let store = CommandStore(pool: pool, standing: .workspace(workspace.name))
            let wasOn = try await store.transaction { try KillSwitches.turnOff(workspace.id, in: $0) }
            // Also where it was off: whoever turned it off may have been interrupted while it released what was held.
            try await store.untilOthersHaveEnded()
            let released = try await release(workspace, in: store)
            if wasOn { try await record(workspace, messages: released, in: store) }
            return (workspace.name, wasOn, released)
        }
        if format.json {
            return Console.show(
                .object([
                    "workspace": .string(name), "was_on": .bool(wasOn), "messages": .int(released),
                    "over_seconds": .int(over.microseconds / 1_000_000),
                ]))
        }
        let fate = late == .skip ? "not sent any more" : over == .zero ? "at once" : "spread over \(over)"
        let told = released > 0 ? ": \(released.counted("held message")), \(fate)" : ""
        print("\(Console.safe(name)) \(wasOn ? "sends again" : "was sending already")\(told)")
    }

    /// - Returns: how many messages.
    private func release(_ workspace: WorkspaceRegister.Entry, in store: CommandStore) async throws -> Int64 {
        let (policy, length) = (late == .skip ? Pauses.Lateness.skip : .send, over)
        let (start, held) = try await store.transaction { session in
            (
                try DomainClock.read(in: session),
                try KillSwitches.held(
                    reasons: Reasons.workspaceStopped.rawValue, in: workspace.id, session: session)
            )
        }
        var (rest, released) = (held[...], Int64(0))
        while !rest.isEmpty {
            let portion = rest.prefix(Self.portion)
            released += try await store.transaction { session in
                try Pauses.release(
                    portion, policy, spread: Pauses.Spread(start: start, length: length), in: workspace.id,
                    session: session)
            }
            rest = rest.dropFirst(portion.count)
        }
        return released
    }

    private func record(
        _ workspace: WorkspaceRegister.Entry, messages: Int64, in store: CommandStore
    ) async throws {
        let (author, reason) = (Author.name, reason)
        try await store.transaction { session in
            let entry = try WorkspaceRegister.lock(workspace.name, in: session)
            try Interventions.record(
                Interventions.Entry(
                    kind: .allowSending, at: try DomainClock.read(in: session), author: author, reason: reason,
                    revision: entry.revision, messages: messages), of: entry.id, in: session)
        }
    }
}
