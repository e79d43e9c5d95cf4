import ArgumentParser
import Foundation
import Model
import Postgres
import ServiceRuntime
import Store
import Workspaces

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make a workspace's files the live definitions.",
        discussion: """
            Runs under way stay on the versions they began with. Applying what is live already changes nothing. On a \
            terminal it shows the changes and asks first.
            """)

    @Argument(help: "The workspace's folder.")
    var folder = "."
    @Flag(help: "Do not ask.")
    var yes = false
    @Option(help: "Apply under this name instead of the one in workspace.yaml.")
    var workspace: String?
    @OptionGroup var format: FormatOption

    func run() async throws {
        let files = try WorkspaceFolder(folder).files
        let loaded = Workspace.load(files: files)
        for finding in loaded.findings { Console.note(finding.description) }
        guard let definitions = loaded.workspace else {
            throw ExitFault(code: .failures, message: "\(loaded.summary); nothing has been changed")
        }
        let change = Change(
            definitions: definitions, files: files, name: try name(definitions), author: Self.author)
        let url = try Settings.read { Settings.databaseURL(&$0) }
        let application = try await PostgresPool.lend(url) { pool in
            try await pool.withTransaction { try change.refuseLongWindows(in: $0) }
            let expected = try await confirmed(change, pool)
            return try await pool.withTransaction { try change.apply(expecting: expected, in: $0) }
        }
        if format.json { Console.show(application.json) } else { report(application, definitions) }
    }

    /// `--workspace` goes through the same checks as a name in the file.
    private func name(_ definitions: Workspace) throws -> String {
        guard let workspace else { return definitions.name }
        let isName =
            workspace.utf8.count <= 64 && workspace.first.map { $0.isLetter || $0.isNumber } == true
            && workspace.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        guard isName else {
            throw ExitFault(
                code: .settings,
                message: "\"\(workspace)\" is not a workspace's name: letters, digits, '-', '_' and '.', 64 at most")
        }
        return workspace
    }

    /// The revision that the person saw and agreed to replace; nil where nobody was asked.
    private func confirmed(_ change: Change, _ pool: PostgresPool) async throws -> Int32? {
        guard !yes, !format.json, Console.canAsk else { return nil }
        let shown = try await pool.withTransaction { try change.look(in: $0) }
        guard shown.changesAnything else { return shown.before }
        report(shown, change.definitions)
        print("Apply? [y/N] ", terminator: "")
        fflush(nil)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw ExitFault(code: .failures, message: "Nothing has been changed.")
        }
        return shown.before
    }

    private func report(_ application: Application, _ definitions: Workspace) {
        print(Console.bold(application.headline))
        for line in application.lines(definitions) { print("  " + line) }
        if application.isNew { print("  " + definitions.summary) }
    }

    private static var author: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["USER"] ?? environment["LOGNAME"] ?? "unknown"
    }
}

/// Checked files on their way to be applied.
private struct Change: Sendable {
    let definitions: Workspace
    let files: [String: String]
    let name: String
    let author: String

    /// Windows that are longer than the log is kept would never be right.
    func refuseLongWindows(in session: PostgresSession) throws {
        try Standing.workspace(name).take(in: session)
        guard let kept = try EventRetention.read(in: session).kept else { return }
        let loaded = Workspace.load(files: files, retention: kept)
        guard loaded.hasErrors else { return }
        for finding in loaded.findings where finding.severity == .error { Console.note(finding.description) }
        throw ExitFault(code: .failures, message: "\(loaded.summary); nothing has been changed")
    }

    func look(in session: PostgresSession) throws -> Application {
        try Standing.workspace(name).take(in: session)
        let entry = try WorkspaceRegister.find(name, in: session)
        return try Application(definitions, files: files, as: name, over: entry, in: session)
    }

    /// Only who may act for all of the cell may make a workspace; the rest is done within it.
    private func enter(now: Timestamp, in session: PostgresSession) throws -> WorkspaceRegister.Entry {
        try Standing.workspace(name).take(in: session)
        if try WorkspaceRegister.find(name, in: session) == nil {
            try Standing.cell.take(in: session)
            try WorkspaceRegister.make(name, now: now, in: session)
            try Standing.workspace(name).take(in: session)
        }
        return try WorkspaceRegister.lock(name, in: session)
    }

    func apply(expecting expected: Int32?, in session: PostgresSession) throws -> Application {
        let now = try DomainClock.read(in: session)
        let entry = try enter(now: now, in: session)
        let application = try Application(definitions, files: files, as: name, over: entry, in: session)
        if let expected, expected != application.before {
            throw ExitFault(
                code: .failures,
                message:
                    "somebody applied revision \(application.before) meanwhile; nothing has been changed, look again")
        }
        try application.write(files, to: entry, by: author, now: now, in: session)
        return application
    }
}
