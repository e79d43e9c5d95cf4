import Expressions
import Model
import Scores
import Testing
import Workspaces

struct ScoreAccountTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private static let scores = """
        scores:
          - score: engagement
            half_life: 3d
            points:
              - {event: Page Viewed, points: 0.333, cap: {per_day: 2, total: 9}}
              - {event: Order Completed, points: 20.5, expires: 5d}
              - {event: Order Refunded, points: -7.777}
            fit: [{when: 'contact["country"] == "NL" && contact.plan != "free"', points: 1.5}]
        """

    private func model() throws -> ScoreModel {
        try #require(Shop.load(["scores.yaml": Self.scores]).workspace?.score(named: "engagement"))
    }

    private func events(_ seed: Int64) -> [HistoryEvent] {
        let names = ["Page Viewed", "Order Completed", "Order Refunded", "Page Viewed", "Page Viewed"]
        return (0..<60).map { (number: Int64) -> HistoryEvent in
            let hours: Int64 = (number * 7 + seed * 3) % 240
            return HistoryEvent(
                at: Self.start + .hours(hours), eventID: "e\(number)", name: names[Int(number * seed % 5)])
        }.sorted { $0.position < $1.position }
    }

    @Test(arguments: 1...20 as ClosedRange<Int64>) func theLinesAddUpToTheScore(seed: Int64) throws {
        let (model, events) = (try model(), events(seed))
        let contact = JSON.object(["country": .string("NL"), "plan": .string("pro")])
        let balance = try ScoreBook(model, of: events).balance
        for hours: Int64 in [0, 100, 240, 500] {
            let now = Self.start + .hours(hours)
            let account = ScoreAccount(model, balance: balance, of: events, contact: contact, now: now)
            let value = balance.value(halfLife: model.halfLife, plus: 1500, now: now)
            #expect(account.value == Int64((value * 1000).rounded()))
            #expect(account.unaccounted == 0)
            #expect(account.lines.reduce(1500) { $0 + $1.left } == account.value)
            #expect(account.lines.count == events.count)
            let cut = account.lines.filter { $0.fate == .overDailyCap || $0.fate == .overTotalCap }
            #expect(cut.allSatisfy { $0.left == 0 })
            let viewed = account.lines.filter { $0.event.name == "Page Viewed" }
            #expect(viewed.count - cut.count == viewed.count { $0.fate == .counts })
            #expect(viewed.count { $0.fate == .counts } <= 9)
        }
        #expect(
            ScoreAccount(model, balance: balance, of: events, contact: contact, now: Self.start).fit[0].attributes.map(
                \.name) == ["country", "plan"])
    }

    @Test func whatTheLogHasLostIsToldAsSuch() throws {
        let (model, events) = (try model(), events(1))
        let balance = try ScoreBook(model, of: events).balance
        let account = ScoreAccount(
            model, balance: balance, of: Array(events.dropFirst(20)), contact: .null, now: Self.start + .hours(240))
        #expect(account.unaccounted != 0)
        #expect(account.lines.reduce(account.unaccounted) { $0 + $1.left } == account.value)
    }
}
