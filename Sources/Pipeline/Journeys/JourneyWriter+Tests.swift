import JourneyProgram
import Logging
import Messaging
import Model
import Postgres
import Store
import Synchronization
import Transit

/// A test whose winner runs wait for, and that nobody has decided.
struct OpenTest: Sendable, Hashable {
    var place: TestResults.Place
    var test: Step.Test
}

/// Why a batch is given up: tests are decided first, while nobody's lock is held.
struct TestsUndecided: Error {
    var tests: Set<OpenTest>
}

/// The tests that the loops of a process have met undecided. One loop decides them, so that timers and signals go on meanwhile.
public final class TestDesk: Sendable {
    private let open = Mutex<Set<OpenTest>>([])

    public init() {}

    func add(_ tests: Set<OpenTest>) { open.withLock { $0.formUnion(tests) } }

    func take() -> Set<OpenTest> {
        open.withLock { tests in
            defer { tests = [] }
            return tests
        }
    }
}

extension JourneyWriter {
    /// Steps runs in one transaction. Where they wait for winners that nobody has decided, that is done first, and it begins
    /// anew; what somebody else decides meanwhile, they look for again after a second.
    ///
    /// A stepped clock stands still until all is done, so there the winner is waited for.
    func transact<R: Sendable>(_ lane: Lane, _ body: @Sendable (JourneyBatch) throws -> R) async throws -> R {
        do {
            return try await transact(lane, goesOnUndecided: false, body)
        } catch let undecided as TestsUndecided {
            if let desk, worker.clockMode != .stepped {
                desk.add(undecided.tests)
            } else {
                for test in undecided.tests { try await decide(test) }
            }
            return try await transact(lane, goesOnUndecided: true, body)
        }
    }

    private func transact<R: Sendable>(
        _ lane: Lane, goesOnUndecided: Bool, _ body: @Sendable (JourneyBatch) throws -> R
    ) async throws -> R {
        let (cache, clock, worker) = (worker.definitions, worker.clock, worker)
        return try await worker.pool.withRepeatedTransaction { session in
            var batch = JourneyBatch(
                worker: worker, lane: lane, definitions: cache, machineNow: clock.now, session: session)
            batch.goesOnUndecided = goesOnUndecided
            return try body(batch)
        }
    }

    /// Decides the tests that this process has met. What fails is met again as soon as its runs look for the winner.
    func decideTests() async {
        guard let desk else { return }
        for test in desk.take() {
            do {
                try await decide(test)
            } catch {
                worker.note(error, "a test waits to be decided")
            }
        }
    }

    /// Decides a test on what is known now, unless somebody has, or does so at this moment. Holds no contact's lock.
    private func decide(_ open: OpenTest) async throws {
        let waits = worker.clockMode == .stepped
        try await worker.pool.withRepeatedTransaction { session in
            guard try TestResults.claim(open.place, waits: waits, in: session),
                try TestResults.find(open.place, in: session) == nil
            else { return }
            let (now, test) = (try DomainClock.read(in: session), open.test)
            let found = try TestResults.scores(
                of: open.place, by: test.measure.evidence, until: now, in: session
            ).map { Step.Test.Score(variant: $0.variant, sent: $0.sent, counted: $0.counted) }
            let scores = test.scores(found).map {
                TestResults.Score(variant: $0.variant, sent: $0.sent, counted: $0.counted)
            }
            try TestResults.decide(
                TestResults.Result(place: open.place, winner: test.winner(of: found), scores: scores, decidedAt: now),
                in: session)
        }
    }
}

extension Step.Test.Measure {
    fileprivate var evidence: TestResults.Evidence {
        switch self {
        case .opens: .naming(EventNames.emailOpened)
        case .clicks: .naming(EventNames.emailClicked)
        case .event(let name): .since(name)
        }
    }
}
