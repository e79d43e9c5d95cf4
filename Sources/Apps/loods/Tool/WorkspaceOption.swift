import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store

/// `--workspace`.
struct WorkspaceOption: ParsableArguments {
    @Option(help: "The workspace; else LOODS_WORKSPACE, else the only one there is.")
    var workspace: String?

    func choice() throws -> WorkspaceChoice { WorkspaceChoice(name: try workspace ?? Settings.workspace) }
}

/// `--workspace` where a command is about all of the cell otherwise.
struct ScopeOption: ParsableArguments {
    @Option(help: "Only what is of this workspace; else of LOODS_WORKSPACE, else of all.")
    var workspace: String?

    func standing() throws -> Standing { (try workspace ?? Settings.workspace).map { .workspace($0) } ?? .cell }
}

/// Which workspace a command is about.
struct WorkspaceChoice: Sendable {
    /// Nil: the only one there is.
    var name: String?

    /// The workspace's entry; from here on the transaction sees this workspace alone.
    func enter(in session: PostgresSession) throws -> WorkspaceRegister.Entry {
        let name = try name ?? onlyOne(in: session)
        try Standing.workspace(name).take(in: session)
        if let entry = try WorkspaceRegister.find(name, in: session) { return entry }
        throw try unknown(name, among: all(in: session))
    }

    private func onlyOne(in session: PostgresSession) throws -> String {
        try Standing.cell.take(in: session)
        let all = try WorkspaceRegister.all(in: session)
        if all.count == 1 { return all[0].name }
        let sentence =
            if all.isEmpty { "there is no workspace yet; loods apply creates one" } else {
                """
                there are \(all.count) workspaces, \(all.map(\.name).joined(separator: ", ")): name one with --workspace or \
                LOODS_WORKSPACE
                """
            }
        throw ExitFault(code: .settings, message: sentence)
    }

    /// As far as the login may see them.
    private func all(in session: PostgresSession) throws -> [WorkspaceRegister.Entry] {
        do {
            return try session.savepoint {
                try Standing.cell.take(in: session)
                return try WorkspaceRegister.all(in: session)
            }
        } catch StoreError.mayNotActAs {
            return []
        }
    }

    private func unknown(_ name: String, among all: [WorkspaceRegister.Entry]) -> ExitFault {
        let names = all.map(\.name).joined(separator: ", ")
        return ExitFault(
            code: .settings,
            message: all.isEmpty
                ? "there is no workspace \"\(name)\"; loods apply creates one"
                : "there is no workspace \"\(name)\"; there \(all.count == 1 ? "is" : "are") \(names)")
    }
}

extension ContactDirectory {
    /// The one contact that `text` names in the workspace.
    static func only(
        _ text: String, in workspace: WorkspaceRegister.Entry, session: PostgresSession
    ) throws -> ContactKey {
        let contacts = try find(text, in: workspace.id, session: session)
        guard let contact = contacts.first else {
            throw ExitFault(code: .failures, message: "nobody in workspace \(workspace.name) is known as \"\(text)\"")
        }
        guard contacts.count == 1 else {
            let ids = contacts.map { "  \($0.contact)" }.joined(separator: "\n")
            throw ExitFault(
                code: .failures,
                message: "\(contacts.count) contacts are known as \"\(text)\"; name one by its id:\n\(ids)")
        }
        return contact
    }
}

/// `--json`.
struct FormatOption: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false
}
