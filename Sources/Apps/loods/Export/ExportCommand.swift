import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store

struct ExportCommand: AsyncParsableCommand {
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case contacts, consents, suppressions
    }

    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write contacts, consents or suppressions to a file.",
        discussion: """
            Of any size: a page at a time is read, and written. loods import --kind reads what this writes.

            contacts       names, the company, and each attribute as traits.NAME; updated_at is when the last of them was set. \
            Attributes that only a public key has said are left out.
            consents       the whole ledger: who, topic, channel, address, its state, when, how, the wording, and all that \
            proves it.
            suppressions   addresses that get no mail, and why.

            A cell of a table that a spreadsheet would run (it begins with = + - @, a tab or a carriage return) gets an \
            apostrophe in front, which the import takes away again. A cell holds text as it is, and anything else as JSON.

            Interrupted, it says how to go on: --after ID adds to the same file.
            """)

    @Argument(help: "contacts, consents or suppressions.")
    var kind: Kind
    @Option(name: [.customShort("f"), .long], help: "csv, or jsonl: lines of JSON.")
    var form: String = "csv"
    @Option(name: .shortAndLong, help: "The file; without it, standard output.")
    var output: String?
    @Option(help: "Go on behind this contact (or address).")
    var after: String?
    @OptionGroup var workspace: WorkspaceOption

    func validate() throws {
        guard RecordOutput.Form(rawValue: form) != nil else { throw ValidationError("--form is csv or jsonl.") }
        if let after, kind != .suppressions, UniqueID(after) == nil {
            throw ValidationError("--after is a contact's id.")
        }
    }

    func run() async throws {
        Interruption.watch()
        let (choice, kind, form) = (try workspace.choice(), kind, RecordOutput.Form(rawValue: form) ?? .csv)
        let database = try Settings.read { Settings.databaseURL(&$0) }
        let (after, path) = (after, output)
        let count = try await PostgresPool.lend(database) { pool in
            let entry = try await pool.withTransaction { try choice.enter(in: $0) }
            var source = ExportSource(
                kind, of: entry.id, store: CommandStore(pool: pool, standing: .workspace(entry.name)), after: after)
            let columns = try await source.columns()
            var output = try RecordOutput(form, columns: columns, path: path, continues: after != nil)
            var progress = Progress("\(kind.rawValue)")
            defer { progress.end() }
            while let records = try await source.next() {
                try output.write(records)
                progress.show(output.count, fraction: source.fraction)
                guard !Interruption.hasCome else {
                    throw ExitFault(
                        code: .failures,
                        message:
                            "interrupted: \(output.count.grouped) written; go on with --after \(source.place ?? "")")
                }
            }
            return output.count
        }
        Console.note("\(count.grouped) \(kind.rawValue) written\(output.map { " to \($0)" } ?? "")")
    }
}

/// The records of an export, page by page.
struct ExportSource {
    private static let page: Int32 = 1000

    private let kind: ExportCommand.Kind
    private let workspace: WorkspaceID
    private let store: CommandStore
    /// Behind which the next page begins.
    private(set) var place: String?
    private var hasEnded = false
    private var looked = 0
    private var contacts: Int64 = 0

    init(_ kind: ExportCommand.Kind, of workspace: WorkspaceID, store: CommandStore, after: String?) {
        self.kind = kind
        self.workspace = workspace
        self.store = store
        place = after
    }

    /// How much of it is done, 0 to 1, as far as that is known.
    var fraction: Double { contacts > 0 ? min(1, Double(looked) / Double(contacts)) : 0 }

    mutating func columns() async throws -> [String] {
        switch kind {
        case .suppressions: return ["address", "reason", "at"]
        case .consents:
            return [
                "user_id", "anonymous_id", "email", "topic", "channel", "address", "state", "at", "source", "wording",
            ] + ConsentProof.Member.allCases.map(\.rawValue)
        case .contacts:
            let workspace = workspace
            let shape = try await store.transaction { try Exports.shape(of: workspace, in: $0) }
            contacts = shape.contacts
            return ["user_id", "anonymous_ids", "emails", "company_id", "company_since", "updated_at"]
                + shape.attributes.map { "traits.\($0)" }
        }
    }

    /// The next page; nil behind the last.
    mutating func next() async throws -> [[String: JSON]]? {
        guard !hasEnded else { return nil }
        let (workspace, place) = (workspace, place)
        switch kind {
        case .suppressions:
            let page = try await store.transaction {
                try Exports.suppressions(of: workspace, after: place, limit: Self.page, in: $0)
            }
            turn(page.count, page.last?.address)
            return page.map(\.record)
        case .contacts:
            let page = try await store.transaction {
                try Exports.contacts(
                    of: workspace, after: place.flatMap { UniqueID($0) }, limit: Self.page, in: $0)
            }
            turn(page.count, page.last?.contact.description)
            return page.filter { !$0.names.isEmpty }.map(\.record)
        case .consents:
            let (lines, last) = try await store.transaction {
                try Exports.consents(
                    of: workspace, after: place.flatMap { UniqueID($0) }, limit: Self.page, in: $0)
            }
            hasEnded = last == nil
            self.place = last?.description ?? place
            return lines.filter { $0.name != nil }.map(\.record)
        }
    }

    private mutating func turn(_ count: Int, _ last: String?) {
        looked += count
        hasEnded = count < Int(Self.page)
        place = last ?? place
    }
}

extension Exports.Contact {
    fileprivate var record: [String: JSON] {
        var record: [String: JSON] = [:]
        record["user_id"] = values(.user).first.map { .string($0) }
        record["anonymous_ids"] = list(values(.anonymous))
        record["emails"] = list(values(.email))
        record["company_id"] = company.map { .string($0) }
        record["company_since"] = companySince.map { .string($0.description) }
        record["updated_at"] = updatedAt.map { .string($0.description) }
        for (name, value) in attributes { record["traits.\(name)"] = value }
        return record
    }

    private func values(_ kind: Identity.Kind) -> [String] { names.filter { $0.kind == kind }.map(\.value) }

    private func list(_ values: [String]) -> JSON? {
        values.isEmpty ? nil : .array(values.map { .string($0) })
    }
}

extension Exports.Consent {
    fileprivate var record: [String: JSON] {
        var record = entry.members
        record["event_id"] = nil
        switch name?.kind {
        case .user: record["user_id"] = name.map { .string($0.value) }
        case .anonymous: record["anonymous_id"] = name.map { .string($0.value) }
        default: record["email"] = name.map { .string($0.value) }
        }
        return record
    }
}

extension Exports.Suppression {
    fileprivate var record: [String: JSON] {
        ["address": .string(address), "reason": .string(reason), "at": .string(at.description)]
    }
}
