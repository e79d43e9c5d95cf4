import JourneyProgram
import Model
import Postgres
import Store
import Synchronization
import Transit
import Workspaces

/// What runs look at by any version that a workspace's journeys ever had: a run of each of them may be open.
///
/// Of a contact whose events no version mentions, it need not be asked which runs it has.
final class RunInterests: Sendable {
    /// What may concern a run.
    struct Interest: Sendable {
        /// See `JourneyInterest`.
        fileprivate(set) var names: Set<String> = []
        /// Whether some run may look at who enters and leaves a segment.
        fileprivate(set) var isInSegments = false

        /// Whether an event of this name may concern a run.
        func isIn(_ event: String) -> Bool { names.contains(event) || names.contains(JourneyInterest.anything) }

        fileprivate mutating func add(_ others: Set<String>) {
            names.formUnion(others)
            isInSegments = isInSegments || others.contains(where: JourneyInterest.isSegment)
        }
    }

    private struct Learnt {
        /// The revision of the definitions for which it is known which versions there are.
        var revision: Int32
        var interest = Interest()
        var versions: Set<Definitions.JourneyVersion> = []
        /// Those that were not looked at yet, by the revision that holds them.
        var pending: [Int32: [Definitions.JourneyVersion]] = [:]
    }

    private let definitions: DefinitionsCache
    private let learnt = Mutex<[WorkspaceID: Learnt]>([:])
    /// Definitions read in one transaction at most; contacts wait for it meanwhile.
    private static let revisionsAtOnce = 4

    init(_ definitions: DefinitionsCache) { self.definitions = definitions }

    /// What may concern a run in a workspace.
    ///
    /// - Parameter revision: the live one, read after the contacts' locks: runs of later versions are of other contacts.
    /// - Returns: nil until all versions are known.
    func interest(
        in workspace: WorkspaceID, revision: Int32, session: PostgresSession
    ) throws -> Interest? {
        var known = learnt.withLock { $0[workspace] } ?? Learnt(revision: -1)
        guard known.revision != revision || !known.pending.isEmpty else { return known.interest }
        if known.revision != revision {
            let new = try Definitions.versions(of: workspace, in: session).filter { !known.versions.contains($0) }
            known.pending = Dictionary(grouping: new, by: \.revision)
            known.revision = revision
        }
        for (revision, versions) in known.pending.prefix(Self.revisionsAtOnce) {
            known.interest.add(try interest(of: versions.map(\.journey), in: workspace, revision, session))
            known.versions.formUnion(versions)
            known.pending[revision] = nil
        }
        let result = known.pending.isEmpty ? known.interest : nil
        learnt.withLock { [known] in $0[workspace] = known }
        return result
    }

    /// Definitions that this build cannot read may look at anything.
    private func interest(
        of journeys: [String], in workspace: WorkspaceID, _ revision: Int32, _ session: PostgresSession
    ) throws -> Set<String> {
        do {
            let held = try definitions.workspace(workspace, revision: revision, in: session)
            return journeys.reduce(into: []) { names, journey in
                names.formUnion(held.journey(named: journey)?.journey.interest ?? [])
            }
        } catch is DefinitionsError {
            return [JourneyInterest.anything, JourneyInterest.segment("")]
        }
    }
}
