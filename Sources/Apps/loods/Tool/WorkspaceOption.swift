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

/// Which workspace a command is about.
struct WorkspaceChoice: Sendable {
    /// Nil: the only one there is.
    var name: String?

    /// The workspace's entry.
    func find(in session: PostgresSession) throws -> WorkspaceRegister.Entry {
        if let name, let entry = try WorkspaceRegister.find(name, in: session) { return entry }
        let all = try WorkspaceRegister.all(in: session)
        if name == nil, all.count == 1 { return all[0] }
        let names = all.map(\.name).joined(separator: ", ")
        let sentence =
            switch (name, all.isEmpty) {
            case (let name?, true): "there is no workspace \"\(name)\"; loods apply creates one"
            case (let name?, false):
                "there is no workspace \"\(name)\"; there \(all.count == 1 ? "is" : "are") \(names)"
            case (nil, true): "there is no workspace yet; loods apply creates one"
            case (nil, false):
                "there are \(all.count) workspaces, \(names): name one with --workspace or LOODS_WORKSPACE"
            }
        throw ExitFault(code: .settings, message: sentence)
    }

    /// The workspace and the contact that `text` names in it: an e-mail, a user id, an anonymous id or a contact's id.
    func findContact(_ text: String, in session: PostgresSession) throws -> (WorkspaceRegister.Entry, ContactKey) {
        let entry = try find(in: session)
        let contacts = try ContactDirectory.find(text, in: entry.id, session: session)
        guard let contact = contacts.first else {
            throw ExitFault(code: .failures, message: "nobody in workspace \(entry.name) is known as \"\(text)\"")
        }
        guard contacts.count == 1 else {
            let ids = contacts.map { "  \($0.contact)" }.joined(separator: "\n")
            throw ExitFault(
                code: .failures,
                message: "\(contacts.count) contacts are known as \"\(text)\"; name one by its id:\n\(ids)")
        }
        return (entry, contact)
    }
}

/// `--json`.
struct FormatOption: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false
}
