import Expressions
import JourneyProgram
import Model
import Postgres
import Store

/// The tests whose winners runs of a batch wait for: what was decided, or is decided now on what is known.
struct TestsDue {
    private var results: [TestResults.Place: TestOutcome] = [:]

    /// The caller holds the contacts' locks.
    init(_ underWay: [RunUnderWay], now: Timestamp, in session: PostgresSession) throws {
        for each in underWay where each.program.journey.needsWinner(each.state, now: now) {
            guard let place = Self.place(of: each), results[place] == nil, let test = each.program.journey.test?.test
            else { continue }
            let known = try TestResults.find(place, in: session)
            let result = try known ?? TestResults.decide(Self.decided(test, place, now: now, in: session), in: session)
            results[place] = TestOutcome(
                winner: result.winner,
                scores: result.scores.map { .init(variant: $0.variant, sent: $0.sent, counted: $0.counted) })
        }
    }

    /// What a run's step gets, by the step's name.
    func results(for each: RunUnderWay) -> [String: TestOutcome] {
        guard !results.isEmpty, let place = Self.place(of: each), let result = results[place] else { return [:] }
        return [place.step: result]
    }

    private static func place(of each: RunUnderWay) -> TestResults.Place? {
        each.program.journey.test.map { test in
            TestResults.Place(
                workspace: each.run.contact.workspace, journey: each.run.journey, step: test.step,
                entryAt: each.state.entry.at)
        }
    }

    private static func decided(
        _ test: Step.Test, _ place: TestResults.Place, now: Timestamp, in session: PostgresSession
    ) throws -> TestResults.Result {
        let (event, sinceHanded) =
            switch test.measure {
            case .opens: (EventNames.emailOpened, false)
            case .clicks: (EventNames.emailClicked, false)
            case .event(let name): (name, true)
            }
        let found = try TestResults.scores(
            of: place, event: event, sinceHanded: sinceHanded, until: now, in: session
        ).map { Step.Test.Score(variant: $0.variant, sent: $0.sent, counted: $0.counted) }
        return TestResults.Result(
            place: place, winner: test.winner(of: found),
            scores: test.scores(found).map { .init(variant: $0.variant, sent: $0.sent, counted: $0.counted) },
            decidedAt: now)
    }
}
