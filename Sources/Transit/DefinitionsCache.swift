public import Model
public import Postgres
import Store
import Synchronization
public import Workspaces

/// Applied definitions, parsed once per revision; a revision never changes, so nothing here goes stale.
public final class DefinitionsCache: Sendable {
    private struct Key: Hashable {
        var workspace: WorkspaceID
        var revision: Int32
    }

    private let workspaces = Mutex(RecentlyUsed<Key, Workspace>(limit: 256))
    private let versions = Mutex(RecentlyUsed<VersionKey, Int32>(limit: 4_096))

    private struct VersionKey: Hashable {
        var workspace: WorkspaceID
        var journey: String
        var version: Int32
    }

    public init() {}

    /// The definitions of one revision.
    ///
    /// - Throws: `DefinitionsError` where the stored files cannot be read, which `apply` has checked.
    public func workspace(
        _ id: WorkspaceID, revision: Int32, in session: PostgresSession
    ) throws -> Workspace {
        let key = Key(workspace: id, revision: revision)
        if let known = workspaces.withLock({ $0[key] }) { return known }
        let files = try Definitions.files(of: id, revision: revision, in: session)
        let loaded = Workspace.load(files: files)
        guard let workspace = loaded.workspace else {
            throw DefinitionsError(workspace: id, revision: revision, fault: loaded.findings.first?.description)
        }
        workspaces.withLock { $0[key] = workspace }
        return workspace
    }

    /// The definitions that are live, without those that this build cannot read.
    public func live(
        _ ids: Set<WorkspaceID>, in session: PostgresSession
    ) throws -> [WorkspaceID: Workspace] {
        var live: [WorkspaceID: Workspace] = [:]
        for (id, revision) in try WorkspaceRegister.revisions(of: Array(ids), in: session) {
            do {
                live[id] = try workspace(id, revision: revision, in: session)
            } catch  where error is DefinitionsError || error is StoreError {}
        }
        return live
    }

    /// The revision of a journey's version.
    public func revision(
        of journey: String, version: Int32, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int32 {
        let key = VersionKey(workspace: workspace, journey: journey, version: version)
        if let known = versions.withLock({ $0[key] }) { return known }
        guard let revision = try Definitions.revision(of: journey, version: version, in: workspace, session: session)
        else { throw StoreError.missingRevision(version) }
        versions.withLock { $0[key] = revision }
        return revision
    }
}

/// Stored definitions that this build cannot read.
public struct DefinitionsError: Error, Sendable, CustomStringConvertible {
    public var workspace: WorkspaceID
    public var revision: Int32
    public var fault: String?

    public var description: String {
        "revision \(revision) of workspace \(workspace.rawValue) cannot be read: \(fault ?? "no reason given")"
    }
}
