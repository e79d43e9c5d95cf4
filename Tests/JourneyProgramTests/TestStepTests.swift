import Expressions
import JourneyProgram
import Model
import Testing

/// Tests within broadcasts: what is tried on whom, and what wins.
struct TestStepTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private let test = Step.Test(share: 2_000, variants: ["a", "b", "c"], by: .clicks, after: .hours(4))

    private func drawn(_ count: Int, at occasion: Timestamp = start) -> [String?] {
        (0..<count).map { number in
            test.variant(
                for: .derived("test", "\(number)"), journey: "news", step: "first", occasion: occasion)
        }
    }

    @Test func aShareIsTriedEvenlyAndTheSameEachTime() {
        let drawn = drawn(30_000)
        let tried = drawn.compactMap(\.self)
        #expect(abs(tried.count - 6_000) < 420)
        for variant in test.variants { #expect(abs(tried.count { $0 == variant } - 2_000) < 250) }
        #expect(drawn == self.drawn(30_000))
        // The next time others are tried on.
        let again = zip(drawn, self.drawn(30_000, at: Self.start + .days(7))).count { $0 != nil && $1 != nil }
        #expect(abs(again - 1_200) < 200)
    }

    @Test(
        arguments: [
            ([("a", 100, 10), ("b", 100, 11), ("c", 100, 9)], "b"), ([("a", 100, 10), ("b", 200, 20)], "a"),
            ([("b", 100, 10), ("c", 100, 10)], "b"), ([], "a"), ([("b", 5, 0), ("c", 9, 0)], "a"),
            ([("c", 1, 1), ("a", 1_000_000, 999_999)], "c"), ([("b", Int64.max, Int64.max - 1), ("c", 3, 3)], "c"),
        ] as [([(String, Int64, Int64)], String)])
    func theHighestRateWinsAndOfEqualsTheFirst(found: [(String, Int64, Int64)], winner: String) {
        let scores = found.map { Step.Test.Score(variant: $0.0, sent: $0.1, counted: $0.2) }
        #expect(test.winner(of: scores) == winner)
        #expect(test.winner(of: scores.reversed()) == winner)
        #expect(test.scores(scores).map(\.variant) == test.variants)
    }

    @Test func aVersionWithoutTheWinnerSendsItsOwnBest() {
        let scores = [("x", 10, 9), ("a", 10, 1), ("b", 10, 2)].map {
            Step.Test.Score(variant: $0.0, sent: $0.1, counted: $0.2)
        }
        #expect(test.outcome(of: TestOutcome(winner: "x", scores: scores)).winner == "b")
        #expect(test.outcome(of: TestOutcome(winner: "x", scores: [scores[0]])).winner == "a")
        #expect(test.outcome(of: TestOutcome(winner: "c", scores: scores)).winner == "c")
    }

    private func started(_ variant: String) throws -> (journey: Journey, activation: Activation) {
        let steps: [Step] = [.test(name: "first", test), .email(name: "after", template: "d")]
        let journey = try journey(steps)
        var world = World(facts: Facts(now: Self.start), contact: anne, zone: .utc)
        world.variants = ["first": variant]
        return (journey, try journey.start(at: .end(of: Self.start), in: world))
    }

    private func sent(_ activation: Activation) -> [String] {
        activation.effects.compactMap { if case .send(_, let template, _) = $0 { template } else { nil } }
    }

    @Test func onTheShareAVariantIsTriedAtOnce() throws {
        let (journey, activation) = try started("b")
        #expect(sent(activation) == ["b"] && activation.run.awaitedMessage?.step == "first")
        #expect(journey.sendingSteps == ["first", "after"] && journey.sentTemplates == ["a", "b", "c", "d"])
        #expect(journey.test?.step == "first")
    }

    /// By the contacts' own clocks those that it is tried on get it all over the world, and have their time, before the others
    /// get the winner: at the broadcast's hour by their clocks.
    @Test(arguments: [
        ("Pacific/Kiritimati", "2026-03-04T09:00:00+14:00"), ("Europe/Amsterdam", "2026-03-03T09:00:00+01:00"),
        ("America/New_York", "2026-03-03T09:00:00-05:00"), ("Pacific/Pago_Pago", "2026-03-03T09:00:00-11:00"),
    ])
    func byTheirOwnClocksTheOthersGetTheWinnerAtThatHour(zone: String, expected: String) throws {
        let day = try #require(CalendarDate("2026-03-02"))
        let occurrence = Schedule.Occurrence(date: day, minuteOfDay: 540)
        let schedule = Schedule(.once(day), minuteOfDay: 540, isLocal: true)
        let journey = try Journey(
            name: "news", entry: .init(.broadcast(Broadcast(schedule, to: "readers"))),
            steps: [.test(name: "first", test)])
        let opening = schedule.opening(of: occurrence, in: .utc)
        let decided = journey.decisionTime(of: test, entryAt: opening)
        #expect(decided == Timestamp(iso8601: "2026-03-02T09:00:00-12:00")! + .hours(4))
        let local = try #require(LocalZone(zone))
        var world = World(facts: Facts(now: opening), contact: anne, zone: local)
        world.variants = ["first": World.rest]
        let started = try journey.start(at: .end(of: opening), of: occurrence, in: world)
        world = World(facts: Facts(now: occurrence.instant(in: local)), contact: anne, zone: local)
        world.variants = ["first": World.rest]
        let waiting = started.run.opensAt == nil ? started : try journey.step(started.run, in: world)
        #expect(waiting.wake == Timestamp(iso8601: expected))
        #expect(waiting.wake.map { $0 >= decided } == true)
    }

    @Test func theOthersWaitForTheWinner() throws {
        let (journey, activation) = try started(World.rest)
        #expect(sent(activation).isEmpty && activation.wake == Self.start + .hours(4))
        let run = try RunState(json: JSON(parsing: activation.run.json.serialized))
        #expect(!journey.needsWinner(run, now: Self.start + .hours(3)))
        #expect(journey.comingMails(behind: "first", visit: 1, within: .zero).first?.step == "first")
        let due = Self.start + .hours(5)
        #expect(journey.needsWinner(run, now: due))
        var world = World(facts: Facts(now: due), contact: anne, zone: .utc)
        // Nobody has decided yet: it is asked again, and sends nothing.
        let early = try journey.step(run, in: world)
        #expect(sent(early).isEmpty && early.wake.map { $0 > due } == true)
        world.results = ["first": TestOutcome(winner: "c", scores: [.init(variant: "c", sent: 3, counted: 1)])]
        let decided = try journey.step(run, in: world)
        #expect(sent(decided) == ["c"] && decided.run.awaitedMessage?.step == "first")
        #expect(
            decided.effects.contains {
                if case .decide(let decision) = $0 { decision.choice == "winner c" } else { false }
            })
        world.verdicts = [StepVisit(step: "first", visit: 1): MessageVerdict(.sent, at: due)]
        #expect(try sent(journey.step(decided.run, in: world)) == ["d"])
    }
}
