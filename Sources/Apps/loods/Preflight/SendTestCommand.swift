import ArgumentParser
import Delivery
import Foundation
import Mail
import Model
import ServiceRuntime
import Workspaces

struct SendTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send-test", abstract: "Send an e-mail to yourself, as contacts would get it.",
        discussion: """
            It goes by the relays of LOODS_SMTP with the mailers' other settings, signed by the keys of LOODS_DKIM_KEYS, and \
            says in its subject that it is a test. Nothing of it is recorded, counted or tracked, and its links for leaving \
            lead to a page that refuses them. Exit code 1 where an address did not get it.
            """)

    @Argument(help: "The e-mail's name.")
    var email: String
    @Option(parsing: .upToNextOption, help: "Whom to send it to; the workspace's \"seeds\" by default.")
    var to: [String] = []
    @Option(help: "The workspace's folder.")
    var folder = "."
    @Option(help: "In which language, such as nl; all that it is there in by default.")
    var language: String?
    @OptionGroup var sample: SampleOptions
    @OptionGroup var format: FormatOption

    func validate() throws {
        if let bad = to.first(where: { (try? MailAddress($0)) == nil }) {
            throw ValidationError("\"\(bad)\" is not an e-mail address.")
        }
    }

    func run() async throws {
        let workspace = try SampleOptions.workspace(of: try WorkspaceFolder(folder))
        let email = try SampleOptions.choose([self.email], of: workspace)[0]
        let addresses = to.isEmpty ? workspace.seeds : to
        guard !addresses.isEmpty else {
            throw ExitFault(
                code: .settings, message: "to whom? Name addresses with --to, or as \"seeds\" in workspace.yaml")
        }
        let composing = try sample.composing(workspace)
        let languages = try languages(of: email, composing)
        let settings = try Settings.read { MailRouteSettings(&$0, host: ProcessInfo.processInfo.hostName) }
        let posting = TestPosting(try settings.relays(), logger: Settings.logger)
        var sent: [Sent] = []
        for language in languages {
            for address in addresses {
                let letter = try composing.letter(email, in: language, to: address, isTest: true)
                let one = Sent(
                    address: address, language: language, isSigned: letter.isSigned, outcome: await posting.send(letter)
                )
                if !format.json { print(one.line) }
                sent.append(one)
            }
        }
        await posting.shutdown()
        if format.json { Console.show(.array(sent.map(\.json))) }
        if sent.contains(where: { !$0.isAccepted }) { throw ArgumentParser.ExitCode(1) }
    }

    private func languages(of email: EmailDefinition, _ composing: Composing) throws -> [LanguageTag?] {
        let all = composing.languages(of: email)
        guard let language else { return all }
        let known = all.compactMap(\.self)
        if let tag = known.first(where: { $0.description == language }) { return [tag] }
        throw ExitFault(
            code: .settings,
            message:
                "\"\(email.name)\" is not there in \"\(language)\"; it is in \(known.map(\.description).joined(separator: ", "))"
        )
    }

    private struct Sent {
        var address: String
        var language: LanguageTag?
        var isSigned: Bool
        var outcome: TestPosting.Outcome

        var isAccepted: Bool { if case .accepted = outcome { true } else { false } }

        var line: String {
            let whom = address + (language.map { " (\($0))" } ?? "")
            return Console.safe("\(isAccepted ? "✓" : "✗") \(whom)  \(words)" + (isSigned ? "" : "; not signed"))
        }

        private var words: String {
            switch outcome {
            case .accepted(let words): "accepted: \(words)"
            case .refused(let words, let isTransient): "\(isTransient ? "put off" : "refused"): \(words)"
            case .failed(let words): "not sent: \(words)"
            case .unknown(let words): "sent, and nobody knows whether it came: \(words)"
            }
        }

        var json: JSON {
            let word =
                switch outcome {
                case .accepted: "accepted"
                case .refused(_, let isTransient): isTransient ? "deferred" : "refused"
                case .failed: "failed"
                case .unknown: "unknown"
                }
            return .object([
                "to": .string(address), "language": language.map { .string($0.description) } ?? .null,
                "outcome": .string(word), "words": .string(words), "signed": .bool(isSigned),
            ])
        }
    }
}
