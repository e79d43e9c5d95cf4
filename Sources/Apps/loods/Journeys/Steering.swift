import Model
import Postgres
import ServiceRuntime
import Store

/// A journey of a workspace in somebody's hands: what `pause`, `resume` and `stop` do to it, step by step.
///
/// Whatever was begun and interrupted goes on when it is asked for again.
struct Steering: Sendable {
    /// Contacts in one transaction: schedulers wait for no longer than that takes.
    private static let portion: Int32 = 500
    /// How long to wait for schedulers that may not have seen a pause yet.
    private static let patience = Duration.seconds(10)

    let pool: PostgresPool
    let workspace: WorkspaceRegister.Entry
    let journey: String
    let standing: Pauses.Standing

    /// Runs `body` about a journey that there is, or was.
    static func with<R: Sendable>(
        _ journey: String, of choice: WorkspaceChoice, _ body: (Steering) async throws -> R
    ) async throws -> R {
        let url = try Settings.read { Settings.databaseURL(&$0) }
        return try await PostgresPool.lend(url) { pool in
            let (workspace, standing) = try await pool.withTransaction { session in
                let entry = try choice.enter(in: session)
                let all = try Pauses.standings(of: entry.id, in: session)
                guard let standing = all[journey] else {
                    let names = all.keys.sorted().joined(separator: ", ")
                    throw ExitFault(
                        code: .failures,
                        message: "workspace \(entry.name) has no journey \"\(journey)\""
                            + (names.isEmpty ? "" : "; there are \(names)"))
                }
                return (entry, standing)
            }
            return try await body(
                Steering(pool: pool, workspace: workspace, journey: journey, standing: standing))
        }
    }

    func transaction<R: Sendable>(_ body: @Sendable (PostgresSession) throws -> R) async throws -> R {
        try await CommandStore(pool: pool, standing: .workspace(workspace.name)).transaction(body)
    }

    func census() async throws -> [JourneyCensus.Standing] {
        try await transaction { session in
            let now = try DomainClock.read(in: session)
            return try JourneyCensus.standings(of: workspace.id, horizon: now, in: session)
                .filter { $0.journey == journey }
        }
    }

    func heldMessages() async throws -> Int64 {
        try await transaction { try Pauses.heldMessages(of: journey, in: workspace.id, session: $0) }
    }

    /// Records what was done; numbers are given under the workspace's lock.
    func record(
        _ kind: Interventions.Kind, because reason: String?, runs: Int64 = 0, messages: Int64 = 0,
        and body: @Sendable (PostgresSession) throws -> Void = { _ in }
    ) async throws {
        let author = Author.name
        try await transaction { session in
            let entry = try WorkspaceRegister.lock(workspace.name, in: session)
            try body(session)
            try Interventions.record(
                Interventions.Entry(
                    kind: kind, at: try DomainClock.read(in: session), author: author, reason: reason,
                    revision: entry.revision, journey: journey, runs: runs, messages: messages),
                of: entry.id, in: session)
        }
    }

    // MARK: Pausing

    /// From the return on no run is stepped and no mail leaves but those that mailers have in hand.
    ///
    /// - Returns: how many planned messages are held.
    func pause(because reason: String?) async throws -> Int64 {
        try await record(.pause, because: reason) { session in
            let now = try DomainClock.read(in: session)
            try Pauses.set(journey, to: now, in: workspace.id, session: session)
        }
        // Whoever looked before may be planning still.
        let mark = try await transaction { try Pauses.mark(in: $0) }
        let end = ContinuousClock.now + Self.patience
        while try await !transaction({ try Pauses.hasPassed(mark, in: $0) }) {
            guard ContinuousClock.now < end else {
                Console.note("a transaction goes on since before the pause: what it plans may still be sent")
                break
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try await transaction { try Pauses.holdMessages(of: journey, in: workspace.id, session: $0) }
    }

    // MARK: Going on

    struct Released: Sendable {
        var runs: Int64 = 0
        var messages: Int64 = 0
    }

    func resume(over length: Span, _ lateness: Pauses.Lateness, because reason: String?) async throws -> Released {
        let start = try await transaction { session in
            try Pauses.set(journey, to: nil, in: workspace.id, session: session)
            return try DomainClock.read(in: session)
        }
        let spread = Pauses.Spread(start: start, length: length)
        var released = Released()
        var last: UniqueID?
        while let part = try await transaction({ [last] session in
            try Pauses.release(
                journey, in: workspace.id, after: last, limit: Self.portion, spread: spread, session: session)
        }) {
            released.runs += part.runs
            last = part.last
        }
        var messages: Int64
        repeat {
            messages = try await transaction {
                try Pauses.releaseMessages(
                    of: journey, in: workspace.id, limit: Self.portion, lateness, spread: spread, session: $0)
            }
            released.messages += messages
        } while messages > 0
        try await record(.resume, because: reason, runs: released.runs, messages: released.messages)
        return released
    }

    // MARK: Stopping

    /// Ends all its runs, and takes no entries any more.
    func stop(because reason: String?) async throws -> Released {
        try await transaction { try Stops.close(journey, in: workspace.id, session: $0) }
        let saw = JSON.object(["by": .string(Author.name), "reason": reason.map { .string($0) } ?? .null])
        var stopped = Released()
        var last: UniqueID?
        while let part = try await transaction({ [last] session in
            try Stops.end(
                journey, in: workspace.id, after: last, limit: Self.portion, saw: saw,
                now: try DomainClock.read(in: session), decision: { StopDecision.id(of: $0) }, session: session)
        }) {
            stopped.runs += part.runs
            stopped.messages += part.messages
            last = part.last
        }
        try await record(.stop, because: reason, runs: stopped.runs, messages: stopped.messages)
        return stopped
    }
}
