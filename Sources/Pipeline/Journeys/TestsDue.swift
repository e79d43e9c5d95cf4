import Expressions
import JourneyProgram
import Model
import Postgres
import Store

/// The tests whose winners runs of a batch wait for: what was decided, and what is to be.
struct TestsDue {
    private var results: [TestResults.Place: TestOutcome] = [:]
    /// Nobody has decided these.
    private(set) var undecided: Set<OpenTest> = []

    init(_ underWay: [RunUnderWay], now: Timestamp, in session: PostgresSession) throws {
        var asked: Set<TestResults.Place> = []
        for each in underWay where each.program.journey.needsWinner(each.state, now: now) {
            guard let place = Self.place(of: each), asked.insert(place).inserted,
                let test = each.program.journey.test?.test
            else { continue }
            guard let result = try TestResults.find(place, in: session) else {
                undecided.insert(OpenTest(place: place, test: test))
                continue
            }
            results[place] = TestOutcome(
                winner: result.winner,
                scores: result.scores.map { .init(variant: $0.variant, sent: $0.sent, counted: $0.counted) })
        }
    }

    /// What a run's step gets, by the step's name.
    func results(for each: RunUnderWay) -> [String: TestOutcome] {
        guard let test = each.program.journey.test else { return [:] }
        // It waits since an earlier build took it for one of the broadcast's.
        if Journey.isCall(each.run.entryKey) {
            return [test.step: TestOutcome(winner: test.test.variants[0], scores: test.test.scores([]))]
        }
        guard !results.isEmpty, let place = Self.place(of: each), let result = results[place] else { return [:] }
        return [test.step: test.test.outcome(of: result)]
    }

    /// Nil where the run belongs to no time of a broadcast.
    private static func place(of each: RunUnderWay) -> TestResults.Place? {
        guard !Journey.isCall(each.run.entryKey) else { return nil }
        return each.program.journey.test.map { test in
            TestResults.Place(
                workspace: each.run.contact.workspace, journey: each.run.journey, step: test.step,
                entryAt: each.state.entry.at)
        }
    }
}
