import Model
import Postgres
import Store
import Synchronization
import Transit
import Workspaces

/// The live rules of workspaces, made once a revision.
final class RulesCache: Sendable {
    private let definitions: DefinitionsCache
    let runs: RunInterests
    private let rules = Mutex<[WorkspaceID: AudienceRules]>([:])

    init(_ definitions: DefinitionsCache) {
        self.definitions = definitions
        runs = RunInterests(definitions)
    }

    /// The rules that are live now.
    ///
    /// - Parameter evaluated: per workspace, the revisions under which contacts were last evaluated.
    func live(
        for evaluated: [WorkspaceID: Set<Int32>], in session: PostgresSession
    ) throws -> [WorkspaceID: AudienceRules] {
        var live: [WorkspaceID: AudienceRules] = [:]
        for (id, revision) in try WorkspaceRegister.revisions(of: Array(evaluated.keys), in: session) {
            let rules = try rules(of: id, revision: revision, in: session)
            try rules.compare((evaluated[id] ?? []).subtracting([0])) { other in
                try definitions.makeTheSame(id, other, as: rules.workspace, in: session)
            }
            live[id] = rules
        }
        return live
    }

    private func rules(
        of id: WorkspaceID, revision: Int32, in session: PostgresSession
    ) throws -> AudienceRules {
        if let known = rules.withLock({ $0[id] }), known.revision == revision { return known }
        let made = AudienceRules(try definitions.workspace(id, revision: revision, in: session), revision: revision)
        rules.withLock { $0[id] = made }
        return made
    }
}

extension DefinitionsCache {
    /// Whether an earlier revision makes the same of every contact. One that this build cannot read may not.
    fileprivate func makeTheSame(
        _ id: WorkspaceID, _ revision: Int32, as workspace: Workspace, in session: PostgresSession
    ) throws -> Bool {
        do {
            return try self.workspace(id, revision: revision, in: session).audienceDigest == workspace.audienceDigest
        } catch is DefinitionsError {
            return false
        } catch is StoreError {
            return false
        }
    }
}
