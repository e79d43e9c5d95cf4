import ArgumentParser
import Model
import Pacing
import Postgres
import SendGate
import ServiceRuntime
import Store

struct SendersPauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let mail of a sender stand still.",
        discussion: "From then on mailers claim none of it; what they have in hand goes out.")

    @OptionGroup var sender: SenderArgument
    @Option(help: "Why; loods history and loods senders tell it.")
    var reason: String?
    @OptionGroup var workspace: WorkspaceOption

    func run() async throws {
        let (choice, domain, classes, reason) = (
            try workspace.choice(), sender.domain.lowercased(), sender.classes, reason
        )
        let author = Author.name
        let begun = try await withWorkspace(choice) { workspace, session in
            let entry = try WorkspaceRegister.lock(workspace.name, in: session)
            let now = try DomainClock.read(in: session)
            let pauses = classes.map { kind in
                let sender = SenderPauses.Sender(workspace: entry.id, domain: domain, class: kind)
                return SenderPauses.Pause(sender: sender, at: now, reply: reason, author: author)
            }
            let begun = try SenderPauses.begin(pauses, in: session)
            for sender in begun.sorted() {
                try Interventions.record(
                    Interventions.Entry(
                        kind: .pauseSender, at: now, author: author, reason: reason, revision: entry.revision,
                        journey: "\(domain) \(sender.class.rawValue)"), of: entry.id, in: session)
            }
            return begun
        }
        for kind in classes {
            let isNews = begun.contains { $0.class == kind }
            print("\(kind.rawValue) mail of \(Console.safe(domain)) \(isNews ? "stands still" : "stood still already")")
        }
    }
}

struct SendersResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let mail of a sender go on.",
        discussion: """
            What was held goes to the send gate spread over an hour, or the time that --over says, or with --late skip is not \
            sent any more. Where the server still refuses it, it stands still again; a mail that was refused three times is \
            given up.
            """)

    @OptionGroup var sender: SenderArgument
    @Option(help: "How long it takes until all have gone on, such as 2h; 0s lets them go at once.", transform: span)
    var over: Span = .hours(1)
    @Option(help: "Mails that were held: send or skip.")
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
        let (choice, classes, domain) = (try workspace.choice(), sender.classes, sender.domain.lowercased())
        let url = try Settings.read { Settings.databaseURL(&$0) }
        let (released, resumed) = try await PostgresPool.lend(url) { pool in
            let workspace = try await pool.withTransaction { try choice.enter(in: $0) }
            let store = CommandStore(pool: pool, standing: .workspace(workspace.name))
            var (released, resumed): (Int64, [SenderPauses.Class]) = (0, [])
            for kind in classes {
                let sender = SenderPauses.Sender(workspace: workspace.id, domain: domain, class: kind)
                guard try await store.transaction({ try SenderPauses.end(sender, in: $0) }) else { continue }
                resumed.append(kind)
                try await store.untilOthersHaveEnded()
                released += try await resume(sender, of: workspace, in: store)
            }
            return (released, resumed)
        }
        guard !resumed.isEmpty else {
            throw ExitFault(
                code: .failures, message: "no mail of \(domain) stands still; loods senders shows whose does")
        }
        tell(domain, resumed, released)
    }

    private func tell(_ domain: String, _ classes: [SenderPauses.Class], _ released: Int64) {
        let names = classes.map(\.rawValue)
        if format.json {
            return Console.show(
                .object([
                    "domain": .string(domain), "classes": .array(names.map { .string($0) }),
                    "messages": .int(released), "over_seconds": .int(over.microseconds / 1_000_000),
                ]))
        }
        let fate = late == .skip ? "not sent any more" : over == .zero ? "at once" : "spread over \(over)"
        let mails = released > 0 ? ": \(released.counted("held mail")), \(fate)" : ""
        print("\(names.joined(separator: " and ")) mail of \(Console.safe(domain)) goes on\(mails).")
    }

    /// Releases what is held, and puts it on record.
    ///
    /// - Returns: how many mails.
    private func resume(
        _ sender: SenderPauses.Sender, of workspace: WorkspaceRegister.Entry, in store: CommandStore
    ) async throws -> Int64 {
        let (policy, length) = (late == .skip ? Pauses.Lateness.skip : .send, over)
        let (start, held) = try await store.transaction { session in
            (
                try DomainClock.read(in: session),
                try SenderPauses.held(
                    sender.class, reasons: Reasons.senderPaused.rawValue, in: workspace.id, session: session)
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
        try await record(sender, of: workspace, messages: released, in: store)
        return released
    }

    private func record(
        _ sender: SenderPauses.Sender, of workspace: WorkspaceRegister.Entry, messages: Int64, in store: CommandStore
    ) async throws {
        let (author, reason) = (Author.name, reason)
        try await store.transaction { session in
            let entry = try WorkspaceRegister.lock(workspace.name, in: session)
            try Interventions.record(
                Interventions.Entry(
                    kind: .resumeSender, at: try DomainClock.read(in: session), author: author, reason: reason,
                    revision: entry.revision, journey: "\(sender.domain) \(sender.class.rawValue)", messages: messages),
                of: entry.id, in: session)
        }
    }
}
