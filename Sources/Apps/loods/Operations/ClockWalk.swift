import Model
import Postgres
import ServiceRuntime
import Store

/// Takes a stepped clock from one due instant to the next and waits at each for the pipeline to come to rest.
struct ClockWalk {
    /// How long nothing may change before the walk gives up.
    private static let patience = Duration.seconds(60)
    private static let pause = Duration.milliseconds(5)

    private let store: CommandStore
    private var steps = 0
    private var lastShown = ContinuousClock.now

    /// - Parameter target: the instant to stop at, given where the clock stands.
    static func run(_ format: FormatOption, to target: @Sendable (Timestamp) throws -> Timestamp) async throws {
        Interruption.watch()
        let url = try Settings.read { Settings.databaseURL(&$0) }
        let start = ContinuousClock.now
        let (end, steps) = try await PostgresPool.lend(url) { pool in
            let store = CommandStore(pool: pool, standing: .cell)
            let clock = try await store.transaction { try DomainClock.reading(in: $0) }
            guard clock.mode == .stepped else {
                throw ExitFault(
                    code: .settings,
                    message: """
                        this database's clock is real and cannot be moved; migrate a new database with \
                        LOODS_CLOCK=stepped
                        """)
            }
            var walk = ClockWalk(store: store)
            let end = try target(clock.now)
            try await walk.go(from: clock.now, to: end)
            return (end, walk.steps)
        }
        if Console.showsProgress { Console.overwrite("") }
        if format.json {
            return Console.show(.object(["now": .string(end.description), "steps": .int(Int64(steps))]))
        }
        print("\(end)   \(steps.counted("step")) in \((ContinuousClock.now - start).brief)")
    }

    private init(store: CommandStore) { self.store = store }

    private mutating func go(from start: Timestamp, to end: Timestamp) async throws {
        var now = start
        while true {
            try await rest(at: now)
            guard now < end else { return }
            let before = now
            now = try await store.transaction { session in
                let due = try Quiet.nextDue(after: before, in: session) ?? end
                let next = min(due, end)
                try DomainClock.step(to: next, in: session)
                return next
            }
            steps += 1
        }
    }

    /// Waits until nothing is under way at `now`.
    private mutating func rest(at now: Timestamp) async throws {
        var last: Quiet.Unrest?
        var lastChange = ContinuousClock.now
        while true {
            let start = ContinuousClock.now
            let unrest = try await store.transaction { try Quiet.unrest(at: now, in: $0) }
            let reading = ContinuousClock.now - start
            if unrest.isQuiet { return show(now, nil) }
            if unrest != last { (last, lastChange) = (unrest, .now) }
            guard ContinuousClock.now < lastChange + Self.patience else {
                throw ExitFault(
                    code: .dependencyAway,
                    message: """
                        at \(now) nothing has changed for a minute, but \(unrest.words) still \(unrest.verb) to be \
                        handled; do all services run? loods status shows more
                        """)
            }
            if Interruption.hasCome {
                throw ExitFault(
                    code: .failures, message: "interrupted: the clock stands at \(now), \(unrest.words) under way")
            }
            show(now, unrest)
            // Where much is under way it takes long to count, and the store has better to do.
            try await Task.sleep(for: max(Self.pause, reading * 4))
        }
    }

    private mutating func show(_ now: Timestamp, _ unrest: Quiet.Unrest?) {
        guard Console.showsProgress, lastShown + .milliseconds(100) <= .now else { return }
        lastShown = .now
        Console.overwrite("▸ \(now)  \(steps.counted("step"))" + (unrest.map { "  \($0.words)" } ?? ""))
    }
}

extension Quiet.Unrest {
    private var parts: [String] {
        [
            inFlight > 0 ? inFlight.counted("body in flight", "bodies in flight") : nil,
            outbox > 0 ? outbox.counted("outbox row") : nil, dueTimers > 0 ? dueTimers.counted("due timer") : nil,
            dueWakes > 0 ? dueWakes.counted("due wake") : nil,
            backfills > 0 ? backfills.counted("backfill") : nil,
            broadcasts > 0 ? broadcasts.counted("broadcast") : nil,
            openMessages > 0 ? openMessages.counted("open message") : nil,
        ].compactMap(\.self)
    }

    /// What is under way: `2 due timers, 1 open message`.
    var words: String { parts.joined(separator: ", ") }

    var verb: String {
        inFlight + outbox + dueTimers + dueWakes + backfills + broadcasts + openMessages == 1 ? "has" : "have"
    }
}
