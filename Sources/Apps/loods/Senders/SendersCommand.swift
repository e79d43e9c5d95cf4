import ArgumentParser
import Model
import Pacing
import SendGate
import Store

struct SendersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "senders", abstract: "Senders whose mail stands still, and how to let it go on.",
        discussion: """
            A mail server that refuses a mail for a fault of its sender (authentication, reputation, access: 5.7.x) would \
            refuse the others as well. So mail from that domain stops by itself, marketing and transactional apart; what was \
            refused and what is planned waits, and no address is held to have failed.
            """,
        subcommands: [SendersListCommand.self, SendersPauseCommand.self, SendersResumeCommand.self],
        defaultSubcommand: SendersListCommand.self)
}

/// `DOMAIN --class CLASS`.
struct SenderArgument: ParsableArguments {
    @Argument(help: "The domain that its mails are from, such as shop.example.")
    var domain: String
    @Option(name: .customLong("class"), help: "marketing or transactional; without it both.")
    var ofClass: Kind?

    enum Kind: String, ExpressibleByArgument, CaseIterable { case marketing, transactional }

    var classes: [SenderPauses.Class] {
        ofClass.flatMap { SenderPauses.Class(rawValue: $0.rawValue) }.map { [$0] } ?? SenderPauses.Class.allCases
    }
}

struct SendersListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show whose mail stands still, since when and why.")

    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let choice = try workspace.choice()
        let (pauses, held) = try await withWorkspace(choice) { workspace, session in
            let held = try SenderPauses.Class.allCases.map { kind in
                let reasons = Reasons.senderPaused.rawValue
                return (kind, try SenderPauses.held(kind, reasons: reasons, in: workspace.id, session: session).count)
            }
            return (try SenderPauses.all(in: session), Dictionary(uniqueKeysWithValues: held))
        }
        if format.json {
            return Console.show(
                .object([
                    "paused": .array(pauses.map(\.json)),
                    "held": .object(
                        Dictionary(uniqueKeysWithValues: held.map { ($0.key.rawValue, .int(Int64($0.value))) })),
                ]))
        }
        for pause in pauses { print(pause.line) }
        if pauses.isEmpty { print("no sender stands still") }
        for kind in SenderPauses.Class.allCases where held[kind, default: 0] > 0 {
            print("\(Int64(held[kind, default: 0]).counted("\(kind.rawValue) mail")) held")
        }
    }
}

extension SenderPauses.Pause {
    fileprivate var line: String {
        let why = author.map { "paused by \($0)\(reply.map { ": \($0)" } ?? "")" } ?? "refused: \(reply ?? "")"
        return "\(at)   " + Console.safe("\(sender.domain)   \(sender.class.rawValue)   \(why)")
    }

    fileprivate var json: JSON {
        .object([
            "domain": .string(sender.domain), "class": .string(sender.class.rawValue), "at": .string(at.description),
            "status": status.map { .string($0) } ?? .null, "reply": reply.map { .string($0) } ?? .null,
            "message": message.map { .string($0.description) } ?? .null, "by": author.map { .string($0) } ?? .null,
        ])
    }
}
