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
    /// How long to wait for mails in mailers' hands: longer than the lease of one that has died.
    private static let mailersPatience = Duration.seconds(45)

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
            return try JourneyCensus.standings(of: workspace.id, journey: journey, horizon: now, in: session)
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
        try await waitForOthers()
        return try await each(of: planned(held: false)) { messages, session in
            try Pauses.hold(messages, in: workspace.id, session: session)
        }
    }

    /// Waits for those who may have looked before the journey changed, and may be planning or sending still.
    private func waitForOthers() async throws {
        try await CommandStore(pool: pool, standing: .workspace(workspace.name)).untilOthersHaveEnded()
    }

    private func planned(held: Bool) async throws -> [Pauses.MessageKey] {
        try await transaction { try Pauses.planned(of: journey, held: held, in: workspace.id, session: $0) }
    }

    /// Runs `body` with messages, a portion in each transaction.
    ///
    /// - Returns: how many it says it changed.
    private func each(
        of messages: [Pauses.MessageKey],
        _ body: @Sendable (ArraySlice<Pauses.MessageKey>, PostgresSession) throws -> Int64
    ) async throws -> Int64 {
        var (rest, changed) = (messages[...], Int64(0))
        while !rest.isEmpty {
            let portion = rest.prefix(Int(Self.portion))
            changed += try await transaction { try body(portion, $0) }
            rest = rest.dropFirst(portion.count)
        }
        return changed
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
        try await waitForOthers()
        let spread = Pauses.Spread(start: start, length: length)
        var released = Released()
        // Whoever merges meanwhile takes runs to a contact that has been passed.
        while try await goesOn(), case let runs = try await releaseRuns(spread), runs > 0 { released.runs += runs }
        while try await goesOn(), case let held = try await planned(held: true), !held.isEmpty {
            released.messages += try await each(of: held) { messages, session in
                try Pauses.release(messages, lateness, spread: spread, in: workspace.id, session: session)
            }
        }
        try await record(.resume, because: reason, runs: released.runs, messages: released.messages)
        return released
    }

    /// Whether nobody has paused it again meanwhile: what is held then is held anew.
    private func goesOn() async throws -> Bool {
        try await transaction { try Pauses.standings(of: workspace.id, in: $0)[journey]?.pausedAt == nil }
    }

    /// One pass over the contacts with held runs.
    private func releaseRuns(_ spread: Pauses.Spread) async throws -> Int64 {
        var (runs, last): (Int64, UniqueID?) = (0, nil)
        while let part = try await transaction({ [last] session in
            try Pauses.release(
                journey, in: workspace.id, after: last, limit: Self.portion, spread: spread, session: session)
        }) {
            (runs, last) = (runs + part.runs, part.last)
        }
        return runs
    }

    // MARK: Stopping

    /// Ends all its runs, and takes no entries any more. Meanwhile it is paused, so that nothing gets by.
    func stop(because reason: String?) async throws -> Released {
        try await transaction { session in
            _ = try WorkspaceRegister.lock(workspace.name, in: session)
            let now = try DomainClock.read(in: session)
            try Stops.close(journey, at: now, in: workspace.id, session: session)
        }
        try await waitForOthers()
        var stopped = Released()
        while case let part = try await endRuns(because: reason), part.runs > 0 {
            stopped.runs += part.runs
            stopped.messages += part.messages
        }
        stopped.messages += try await withdrawWhatComesBack()
        try await record(.stop, because: reason, runs: stopped.runs, messages: stopped.messages) { session in
            try Pauses.set(journey, to: nil, in: workspace.id, session: session)
        }
        return stopped
    }

    /// One pass over the contacts with runs.
    private func endRuns(because reason: String?) async throws -> Released {
        let saw = JSON.object(["by": .string(Author.name), "reason": reason.map { .string($0) } ?? .null])
        var (ended, last): (Released, UniqueID?) = (Released(), nil)
        while let part = try await transaction({ [last] session in
            try Stops.end(
                journey, in: workspace.id, after: last, limit: Self.portion, saw: saw,
                now: try DomainClock.read(in: session), decision: { StopDecision.id(of: $0) }, session: session)
        }) {
            ended.runs += part.runs
            ended.messages += part.messages
            last = part.last
        }
        return ended
    }

    /// What mailers have in hand may be planned again: where a server puts it off, or a mailer dies.
    private func withdrawWhatComesBack() async throws -> Int64 {
        var (withdrawn, inHand): (Int64, Int64) = (0, 0)
        let end = ContinuousClock.now + Self.mailersPatience
        repeat {
            inHand = try await transaction { try Stops.inHand(of: journey, in: workspace.id, session: $0) }
            let messages = try await planned(held: true) + planned(held: false)
            withdrawn += try await each(of: messages) { messages, session in
                let now = try DomainClock.read(in: session)
                return try Stops.withdraw(messages, now: now, in: workspace.id, session: session)
            }
            if inHand > 0 { try await Task.sleep(for: .milliseconds(500)) }
        } while inHand > 0 && ContinuousClock.now < end
        if inHand > 0 {
            let mails = inHand.counted("mail")
            Console.note("mailers have \(mails) in hand still, which may be sent; stop again to withdraw them")
        }
        return withdrawn
    }
}
