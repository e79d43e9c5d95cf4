import Expressions
import JourneyProgram
import Model
import Scores
import Testing
import Workspaces

/// Points that steps give count as those of events do: in any order, and once they have left the log.
struct GivenPointsTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    private static func workspace(_ scores: String, steps: String = "[{wait: 1d}]") -> Workspace.Loaded {
        Shop.load([
            "scores.yaml": "scores:\n" + scores,
            "journeys/giving.yaml": "journey: giving\nenter: {event: X}\nsteps: \(steps)",
        ])
    }

    private static let engagement = """
          - score: engagement
            half_life: 3d
            expires: 30d
            points: [{event: Page Viewed, points: 1.5, cap: {per_day: 1}}]
          - {score: fit, fit: [{when: 'contact.country == "NL"', points: 4}]}

        """

    private func model() throws -> ScoreModel {
        let loaded = Self.workspace(Self.engagement)
        return try #require(loaded.workspace?.score(named: "engagement"), "\(loaded.findings)")
    }

    private func given(_ id: String, _ given: GivenPoints, hours: Int64) -> HistoryEvent {
        HistoryEvent(
            at: Self.start + .hours(hours), eventID: id, name: EventNames.pointsGiven,
            properties: .object(
                given.properties.merging(["journey": .string("giving"), "step": .string("score 1")]) { $1 }))
    }

    private func events() -> [HistoryEvent] {
        (0..<40).map { (number: Int64) -> HistoryEvent in
            let hours = number * 7 % 100
            guard number % 3 == 0 else {
                return HistoryEvent(at: Self.start + .hours(hours), eventID: "e\(number)", name: "Page Viewed")
            }
            let points = GivenPoints(
                model: number % 2 == 0 ? "engagement" : "other", points: number % 4 == 0 ? -2_250 : 10_000,
                expiry: number % 9 == 0 ? .days(2) : nil)
            return given("e\(number)", points, hours: hours)
        }
    }

    @Test(arguments: 0..<20) func theyCommuteAndMayBeCarried(seed: Int) throws {
        let (model, events) = (try model(), events())
        let whole = try ScoreBook(model, of: events)
        var carried = [CarriedScore(), CarriedScore()]
        var left: [HistoryEvent] = []
        for (place, event) in events.shuffled().enumerated() {
            switch (place + seed) % 3 {
            case 2: left.append(event)
            case let subject: try carried[subject].add(event, by: model)
            }
        }
        let parts = try ScoreBook(model, carried: carried, of: left)
        #expect(parts.balance == whole.balance)
        #expect(whole.balance.lasting.count + whole.balance.passing.count > 1)
        let none = try ScoreBook(model, of: events.filter { $0.name != EventNames.pointsGiven })
        #expect(none.balance != whole.balance)
    }

    /// The account says who gave them, and adds up.
    @Test func theAccountNamesTheStep() throws {
        let model = try model()
        let events = [
            given("a", GivenPoints(model: "engagement", points: 8_000), hours: 0),
            given("b", GivenPoints(model: "other", points: 9_000), hours: 1),
            given("c", GivenPoints(model: "engagement", points: -1_000, expiry: .hours(2)), hours: 2),
        ]
        let balance = try ScoreBook(model, of: events).balance
        let account = ScoreAccount(
            model, balance: balance, of: events, contact: .null, now: Self.start + .days(3))
        #expect(account.lines.map(\.giver) == ["giving, score 1", "giving, score 1"])
        #expect(account.lines.map(\.rule.points) == [8_000, -1_000])
        #expect(account.lines.map(\.fate) == [.counts, .ended])
        #expect(account.value == 4_000 && account.unaccounted == 0 && account.lines[0].left == 4_000)
    }

    @Test func aStepSaysWhatTheScoreDoesNot() throws {
        let steps = "[{score: {model: engagement, points: -2.5}}, {score: {model: engagement, points: 1, expires: 1d}}]"
        let loaded = Self.workspace(Self.engagement, steps: steps)
        #expect(loaded.findings.isEmpty, "\(loaded.findings)")
        let journey = try #require(loaded.workspace?.journey(named: "giving"))
        let expected: [Step.Change] = [
            .points(GivenPoints(model: "engagement", points: -2_500, expiry: .days(30))),
            .points(GivenPoints(model: "engagement", points: 1_000, expiry: .days(1))),
        ]
        #expect(journey.journey.changes == expected)
        let other = Self.workspace(Self.engagement.replacing("30d", with: "20d"), steps: steps).workspace
        #expect(other?.journey(named: "giving")?.digest != journey.digest, "another version says otherwise")
    }

    @Test func aScoreOfAttributesTakesNone() {
        let findings = Self.workspace(Self.engagement, steps: "[{score: {model: fit, points: 1}}]").findings
        #expect(
            findings.map(\.description).contains {
                $0.contains("giving.yaml:3:25") && $0.contains("the score \"fit\" takes no points")
                    && $0.contains("engagement")
            }, "\(findings)")
    }

    @Test(arguments: [(10_000, "+10 x"), (-2_500, "-2.5 x"), (1, "+0.001 x"), (-120, "-0.12 x")])
    func theyAreToldInFew(points: Int64, words: String) {
        let given = GivenPoints(model: "x", points: points, expiry: .days(3))
        #expect(given.words == words)
        #expect(GivenPoints(.object(given.properties)) == given)
        #expect(GivenPoints(.object(["model": .string("x"), "points": .double(10_001)])) == nil)
    }
}
