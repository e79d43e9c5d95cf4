import Contracts
import JourneyProgram
import Model
import Postgres
import Store
import Transit
import Workspaces

/// One version of a journey, with the definitions that it was published with.
struct Program {
    let journey: Journey
    let version: Int32
    let revision: Int32
    let workspace: Workspace
    /// The definitions that its e-mails are of; nil: its own.
    var wording: (revision: Int32, workspace: Workspace)?
}

/// Why a version cannot be run: its definitions are not what `apply` checked.
struct ProgramError: Error, CustomStringConvertible {
    let description: String
}

/// The journeys that a batch may need: the versions that take entries, and the versions of its open runs.
struct Programs {
    private struct Version: Hashable {
        var workspace: WorkspaceID
        var journey: String
        var version: Int32
    }

    private enum Start: Hashable {
        case event(WorkspaceID, String)
        case stage(WorkspaceID, String)
        case segment(WorkspaceID, String)
        case left(WorkspaceID, String)
        case date(WorkspaceID, journey: String)
        case call(WorkspaceID, journey: String)
    }

    private let definitions: DefinitionsCache
    private let session: PostgresSession
    private var known: [Version: Result<Program, any Error>] = [:]
    private var live: [Start: [Program]] = [:]
    /// The revisions that versions take their e-mails from in place of their own.
    var wordings: [StandingOrders.Version: Int32] = [:]

    init(_ definitions: DefinitionsCache, in session: PostgresSession) {
        self.definitions = definitions
        self.session = session
    }

    /// Learns which versions take entries in `workspaces`, by what starts them.
    mutating func takeEntries(in workspaces: Set<WorkspaceID>) throws {
        for (id, versions) in try Definitions.liveJourneys(of: workspaces, in: session) {
            for version in versions {
                let program = try program(version.journey, version.version, in: id) { version.revision }
                live[.call(id, journey: version.journey)] = [program]
                switch program.journey.entry.trigger {
                case .event(let name, _): live[.event(id, name), default: []].append(program)
                case .stage(let name): live[.stage(id, name), default: []].append(program)
                case .segment(let name, _): live[.segment(id, name), default: []].append(program)
                case .left(let name, _): live[.left(id, name), default: []].append(program)
                case .date: live[.date(id, journey: version.journey)] = [program]
                case .broadcast, .called: break
                }
            }
        }
    }

    /// The versions that a signal may start, in order of their names.
    func started(by signal: Signal) -> [Program] {
        switch signal.cause {
        case .event: live[.event(signal.contact.workspace, signal.name)] ?? []
        case .stage(let stage): live[.stage(signal.contact.workspace, stage)] ?? []
        case .entered(let segment, _, let isBackfill):
            (live[.segment(signal.contact.workspace, segment)] ?? []).filter { program in
                guard case .segment(_, backfill: false) = program.journey.entry.trigger else { return true }
                return !isBackfill
            }
        case .date(let journey, _): live[.date(signal.contact.workspace, journey: journey)] ?? []
        case .call(let journey, _): live[.call(signal.contact.workspace, journey: journey)] ?? []
        case .left(_, nil, _): []
        case .left(let segment, _?, _): live[.left(signal.contact.workspace, segment)] ?? []
        }
    }

    /// The version of a journey that takes entries.
    func called(_ journey: String, in workspace: WorkspaceID) -> Program? {
        live[.call(workspace, journey: journey)]?.first
    }

    /// The version that a run is on.
    mutating func program(of run: Run) throws -> Program {
        let (workspace, definitions, session) = (run.contact.workspace, definitions, session)
        return try program(run.journey, run.journeyVersion, in: workspace) {
            try definitions.revision(of: run.journey, version: run.journeyVersion, in: workspace, session: session)
        }
    }

    /// What fails once fails for the whole batch without being tried again.
    private mutating func program(
        _ journey: String, _ version: Int32, in id: WorkspaceID, revision: () throws -> Int32
    ) throws -> Program {
        let key = Version(workspace: id, journey: journey, version: version)
        if let known = known[key] { return try known.get() }
        let result = Result<Program, any Error> {
            let revision = try revision()
            let workspace = try definitions.workspace(id, revision: revision, in: session)
            guard let definition = workspace.journey(named: journey) else {
                throw ProgramError(description: "revision \(revision) has no journey \"\(journey)\"")
            }
            let order = StandingOrders.Version(workspace: id, journey: journey, version: version)
            let wording = try wordings[order].map {
                (revision: $0, workspace: try definitions.workspace(id, revision: $0, in: session))
            }
            return Program(
                journey: definition.journey, version: version, revision: revision, workspace: workspace,
                wording: wording)
        }
        known[key] = result
        return try result.get()
    }
}
