import JourneyProgram
import Model
import Postgres
import Store
import Transit
import Workspaces

/// The journeys that a batch may need: the live versions of its workspaces, and the versions of its open runs.
struct Programs {
    /// One version of a journey, with the definitions that it was published with.
    struct Program {
        let journey: Journey
        let version: Int32
        let revision: Int32
        let workspace: Workspace
    }

    private struct VersionKey: Hashable {
        var workspace: WorkspaceID
        var journey: String
        var version: Int32
    }

    private var byVersion: [VersionKey: Program] = [:]
    private var live: [WorkspaceID: [Program]] = [:]

    init(
        of workspaces: Set<WorkspaceID>, runs: some Sequence<Run>, _ definitions: DefinitionsCache,
        in session: PostgresSession
    ) throws {
        for id in workspaces {
            for version in try Definitions.liveJourneys(of: id, in: session) {
                let program = try add(id, version.journey, version.version, version.revision, definitions, session)
                if let program { live[id, default: []].append(program) }
            }
        }
        for run in runs {
            let key = VersionKey(
                workspace: run.contact.workspace, journey: run.journey, version: run.journeyVersion)
            guard byVersion[key] == nil else { continue }
            let revision = try definitions.revision(
                of: run.journey, version: run.journeyVersion, in: key.workspace, session: session)
            _ = try add(key.workspace, run.journey, run.journeyVersion, revision, definitions, session)
        }
    }

    private mutating func add(
        _ id: WorkspaceID, _ journey: String, _ version: Int32, _ revision: Int32, _ definitions: DefinitionsCache,
        _ session: PostgresSession
    ) throws -> Program? {
        let workspace = try definitions.workspace(id, revision: revision, in: session)
        guard let definition = workspace.journey(named: journey) else { return nil }
        let program = Program(
            journey: definition.journey, version: version, revision: revision, workspace: workspace)
        byVersion[VersionKey(workspace: id, journey: journey, version: version)] = program
        return program
    }

    /// The versions that take entries.
    func live(in workspace: WorkspaceID) -> [Program] { live[workspace] ?? [] }

    /// The version that a run is on.
    func program(of run: Run) -> Program? {
        byVersion[
            VersionKey(workspace: run.contact.workspace, journey: run.journey, version: run.journeyVersion)]
    }

    /// Every event name that one of the journeys looks at.
    var events: Set<String> { byVersion.values.reduce(into: []) { $0.formUnion($1.journey.mentionedEvents) } }
}
