import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store
import Workspaces

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Tell what was applied, paused, resumed and stopped, by whom and why.")

    @Argument(help: "A revision, to show what it changed.")
    var revision: Int32?
    @Option(help: "Only what was done with this journey besides applying.")
    var journey: String?
    @Option(help: "How many at most.")
    var limit: Int32 = 20
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is 1 or more.") }
        if let revision, revision < 1 { throw ValidationError("A revision is 1 or more.") }
    }

    func run() async throws {
        if let revision { return try await show(revision) }
        let (choice, journey, limit) = (try workspace.choice(), journey, limit)
        let entries = try await withWorkspace(choice) {
            try Interventions.recent(of: $0.id, journey: journey, limit: limit, in: $1)
        }
        if format.json { return Console.show(.array(entries.map(\.json))) }
        if entries.isEmpty { print("nothing yet") }
        for entry in entries { print(entry.line) }
    }

    private func show(_ revision: Int32) async throws {
        let choice = try workspace.choice()
        let (signature, difference) = try await withWorkspace(choice) { entry, session in
            guard let signature = try Definitions.signature(of: revision, in: entry.id, session: session) else {
                throw ExitFault(
                    code: .failures,
                    message: "workspace \(entry.name) has no revision \(revision); the live one is \(entry.revision)")
            }
            let before =
                revision > 1
                ? try Definitions.files(of: entry.id, revision: revision - 1, in: session) : [:]
            let after = try Definitions.files(of: entry.id, revision: revision, in: session)
            return (signature, WorkspaceDifference(from: before, to: after))
        }
        if format.json {
            return Console.show(
                .object(["applied": signature.json, "changes": .array(difference.changes.map(\.json))]))
        }
        print(Console.bold(signature.words))
        for change in difference.changes { for line in change.lines { print("  " + line) } }
    }
}

extension Interventions.Entry {
    fileprivate var line: String {
        let why = reason.map { "   \"\(Console.safe($0))\"" } ?? ""
        return "\(at)   \(Console.safe(author).padded(to: 12)) \(what)\(why)"
    }

    private var what: String {
        let name = journey ?? ""
        let counts = [
            runs > 0 ? runs.counted("run") : nil, messages > 0 ? messages.counted("message") : nil,
        ].compactMap(\.self).joined(separator: ", ")
        let told = counts.isEmpty ? "" : ": \(counts)"
        return switch kind {
        case .apply: "applied revision \(revision)"
        case .pause: "paused \(name)\(told)"
        case .resume: "resumed \(name)\(told)"
        case .stop: "stopped \(name)\(told)"
        case .migrate: "moved runs of \(name) to its newest version\(told)"
        case .pauseSender: "paused mail of \(name)\(told)"
        case .resumeSender: "resumed mail of \(name)\(told)"
        case .stopSending: "turned the kill switch on"
        case .allowSending: "turned the kill switch off\(told)"
        case .content: "pointed runs of \(name) to the wording of revision \(revision)\(told)"
        }
    }

    fileprivate var json: JSON {
        .object([
            "kind": .string(kind.rawValue), "at": .string(at.description), "by": .string(author),
            "reason": reason.map { .string($0) } ?? .null, "revision": .int(Int64(revision)),
            "journey": journey.map { .string($0) } ?? .null, "runs": .int(runs), "messages": .int(messages),
        ])
    }
}

extension Definitions.Signature {
    /// `revision 6, applied by ben at …: "new wording"`.
    var words: String {
        "revision \(revision), applied by \(Console.safe(author)) at \(at)"
            + (reason.map { ": \"\(Console.safe($0))\"" } ?? "")
    }

    var json: JSON {
        .object([
            "revision": .int(Int64(revision)), "at": .string(at.description), "by": .string(author),
            "reason": reason.map { .string($0) } ?? .null,
        ])
    }
}
