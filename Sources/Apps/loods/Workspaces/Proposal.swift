import Foundation
import Model
import Postgres
import ServiceRuntime
import Store
import Transit
import Workspaces

/// A folder's checked definitions on their way to be looked at or applied.
struct Proposal: Sendable {
    let definitions: Workspace
    let files: [String: String]
    let name: String

    /// Reads and checks a folder; what is found goes to standard error.
    ///
    /// - Parameter workspace: a name in place of the one in workspace.yaml; it goes through the same checks.
    init(folder: String, as workspace: String?) throws {
        let read = try WorkspaceFolder(folder)
        files = read.files
        let loaded = Workspace.Loaded(folder: read)
        // loods validate tells of more.
        let advice = Set(
            Workspace.review(files: files, today: MachineClock.host.now).filter { $0.severity == .warning })
        for finding in loaded.findings where !advice.contains(finding) { Console.note(finding.description) }
        guard let definitions = loaded.workspace else {
            throw ExitFault(code: .failures, message: "\(loaded.summary); nothing has been changed")
        }
        self.definitions = definitions
        name = workspace ?? definitions.name
        guard Self.isName(name) else {
            throw ExitFault(
                code: .settings,
                message: "\"\(name)\" is not a workspace's name: letters, digits, '-', '_' and '.', 64 at most")
        }
    }

    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= 64 && name.first.map { $0.isLetter || $0.isNumber } == true
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }

    /// Windows that are longer than the log is kept would never be right.
    func refuseLongWindows(in session: PostgresSession) throws {
        try Standing.workspace(name).take(in: session)
        guard let kept = try EventRetention.read(in: session).kept else { return }
        let loaded = Workspace.load(files: files, retention: kept)
        guard loaded.hasErrors else { return }
        for finding in loaded.findings where finding.severity == .error { Console.note(finding.description) }
        throw ExitFault(code: .failures, message: "\(loaded.summary); nothing has been changed")
    }

    /// What applying it would change now.
    func look(_ order: ApplyOrder, in session: PostgresSession) throws -> Application {
        try Standing.workspace(name).take(in: session)
        let entry = try WorkspaceRegister.find(name, in: session)
        let now = try DomainClock.read(in: session)
        var application = try Application(
            definitions, files: files, as: name, over: entry, order: order, now: now, in: session)
        if let entry, entry.revision > 0 {
            let old = Workspace.load(
                files: try Definitions.files(of: entry.id, revision: entry.revision, in: session)
            ).workspace
            application.segments = try SegmentForecast.all(
                of: definitions, over: old, in: entry.id, now: now, session)
        }
        return application
    }

    /// Applies it in one transaction, under the workspace's lock.
    ///
    /// - Parameter expected: the revision that it is to replace; nil replaces whichever is live.
    func apply(
        _ order: ApplyOrder, by author: String, because reason: String?, expecting expected: Int32?,
        in session: PostgresSession
    ) throws -> Application {
        let clock = try DomainClock.reading(in: session)
        let entry = try enter(now: clock.now, in: session)
        if let expected, expected != entry.revision { throw Self.moved(from: expected, to: entry, in: session) }
        let application = try Application(
            definitions, files: files, as: name, over: entry, order: order, now: clock.now, in: session)
        try application.write(files, to: entry, by: author, because: reason, clock: clock, in: session)
        return application
    }

    /// Moves the runs that an application says, and records each with the portion that it is moved in, so that the history is
    /// right wherever this is interrupted; the definitions are live by now.
    ///
    /// - Returns: how many, by journey.
    func migrate(
        _ migrations: [RunMigration], by author: String, because reason: String?, _ pool: PostgresPool
    ) async throws -> [String: Int64] {
        let store = CommandStore(pool: pool, standing: .workspace(name))
        var moved: [String: Int64] = [:]
        for migration in migrations where migration.moving > 0 {
            let (entry, number) = try await store.transaction { session in
                let entry = try WorkspaceRegister.lock(name, in: session)
                let number = try Interventions.record(
                    Interventions.Entry(
                        kind: .migrate, at: try DomainClock.read(in: session), author: author, reason: reason,
                        revision: entry.revision, journey: migration.journey),
                    of: entry.id, in: session)
                return (entry, number)
            }
            moved[migration.journey] = try await migration.run(in: entry, store, recordedAs: number)
        }
        return moved
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

    /// Somebody else has applied since the change was looked at.
    private static func moved(
        from expected: Int32, to entry: WorkspaceRegister.Entry, in session: PostgresSession
    ) -> ExitFault {
        let signature = try? Definitions.signature(of: entry.revision, in: entry.id, session: session)
        let who = signature.map { ", applied by \(Console.safe($0.author)) at \($0.at)" } ?? ""
        return ExitFault(
            code: .failures,
            message: """
                revision \(entry.revision) of workspace \(entry.name) is live\(who), not \(expected): the store has moved \
                on; nothing has been changed, look again with loods plan
                """)
    }
}

/// Who gives a command.
enum Author {
    static var name: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["USER"] ?? environment["LOGNAME"] ?? "unknown"
    }
}
