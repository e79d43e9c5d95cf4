import JourneyProgram
import Model
import Postgres
import ServiceRuntime
import Store
import Transit
import Workspaces

/// Runs of a journey's older versions on their way to its newest one.
struct RunMigration: Sendable {
    /// Runs that stand at one step of an older version.
    struct Move: Sendable, Hashable {
        var version: Int32
        var step: String
        /// Nil: they stay.
        var target: String?
        var runs: Int64
    }

    private static let portion: Int32 = 500

    let journey: String
    let version: Int32
    let moves: [Move]
    private let newest: Journey
    private let older: [Int32: Journey]

    var moving: Int64 { moves.reduce(0) { $0 + ($1.target == nil ? 0 : $1.runs) } }
    var staying: Int64 { moves.reduce(0) { $0 + ($1.target == nil ? $1.runs : 0) } }

    /// - Parameter standings: of the journey, all versions.
    init(
        to newest: Journey, version: Int32, standings: [JourneyCensus.Standing], of workspace: WorkspaceID,
        in session: PostgresSession
    ) throws {
        journey = newest.name
        self.version = version
        self.newest = newest
        let standings = standings.filter { $0.version != version }
        var older: [Int32: Journey] = [:]
        for held in Set(standings.map(\.version)) {
            older[held] = try PublishedJourney(newest.name, held, of: workspace, in: session)?.journey
        }
        self.older = older
        moves = standings.map { standing in
            let target = older[standing.version].flatMap {
                newest.step(succeeding: standing.step, visit: Int(standing.visit), of: $0)
            }
            return Move(version: standing.version, step: standing.step, target: target, runs: standing.runs)
        }
    }

    /// Where runs that stand somewhere go on, and in what; nil for those that stay.
    func place(of standing: JourneyCensus.Standing) -> (journey: Journey, step: String)? {
        guard standing.version != version, let old = older[standing.version] else { return nil }
        return newest.step(succeeding: standing.step, visit: Int(standing.visit), of: old).map { (newest, $0) }
    }

    /// Moves them, some hundred contacts at a time; begun again it goes on where it was interrupted.
    ///
    /// - Parameter number: the intervention to which each portion is added.
    /// - Returns: how many were moved.
    func run(
        in workspace: WorkspaceRegister.Entry, _ store: CommandStore, recordedAs number: Int32
    ) async throws -> Int64 {
        var progress = Progress("runs")
        defer { progress.end() }
        var (moved, seen): (Int64, Int64) = (0, 0)
        var last: UniqueID?
        while let part = try await store.transaction({ [last] session in
            let part = try move(behind: last, in: workspace.id, session)
            if let part { try Interventions.add(runs: part.moved, to: number, of: workspace.id, in: session) }
            return part
        }) {
            moved += part.moved
            seen += part.seen
            last = part.last
            let all = moving + staying
            progress.show(Int(moved), fraction: all > 0 ? min(1, Double(seen) / Double(all)) : 1)
        }
        return moved
    }

    private func move(
        behind last: UniqueID?, in workspace: WorkspaceID, _ session: PostgresSession
    ) throws -> (moved: Int64, seen: Int64, last: UniqueID)? {
        let part = try Successions.take(
            journey, besides: version, in: workspace, after: last, limit: Self.portion, session: session)
        guard let part else { return nil }
        let runs = part.runs.compactMap(taken)
        try Successions.move(runs, now: try DomainClock.read(in: session), in: session)
        return (Int64(runs.count), Int64(part.runs.count), part.last)
    }

    /// The run on the newest version; nil where it stays.
    private func taken(_ run: Run) -> Run? {
        guard let old = older[run.journeyVersion], let held = try? RunState(json: run.state),
            let state = newest.taking(over: held, from: old)
        else { return nil }
        var run = run
        (run.journeyVersion, run.state) = (version, state.json)
        return run
    }
}

/// A version of a journey with the definitions that it was published with.
struct PublishedJourney {
    let journey: Journey
    let workspace: Workspace

    /// Nil where this build cannot read them, or the store has no such version.
    init?(_ name: String, _ version: Int32, of workspace: WorkspaceID, in session: PostgresSession) throws {
        guard
            let revision = try Definitions.revision(of: name, version: version, in: workspace, session: session),
            let definitions = try? DefinitionsCache().workspace(workspace, revision: revision, in: session),
            let definition = definitions.journey(named: name)
        else { return nil }
        (journey, self.workspace) = (definition.journey, definitions)
    }
}

extension RunMigration {
    /// What becomes of them, for people.
    var lines: [String] {
        guard !moves.isEmpty else { return [] }
        let targets = Dictionary(grouping: moves.filter { $0.target != nil }, by: { $0.target ?? "" })
            .mapValues { $0.reduce(0) { $0 + $1.runs } }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let list = targets.map { "\($0.value.grouped) at \($0.key)" }.joined(separator: ", ")
        var lines = [
            "    migrates   \(moving.counted("contact")) to version \(version)\(list.isEmpty ? "" : ": \(list)")"
        ]
        lines += moves.filter { $0.target == nil }.map {
            "    ! stays   \($0.runs.counted("contact")) on version \($0.version): version \(version) has no step for \($0.step)"
        }
        return lines
    }

    var json: JSON {
        .object([
            "journey": .string(journey), "version": .int(Int64(version)), "runs": .int(moving), "stay": .int(staying),
            "steps": .array(
                moves.map { move in
                    .object([
                        "version": .int(Int64(move.version)), "step": .string(move.step),
                        "to": move.target.map { .string($0) } ?? .null, "runs": .int(move.runs),
                    ])
                }),
        ])
    }
}
