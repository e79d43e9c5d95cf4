import Expressions
import Model
import Scores
import Testing
import Workspaces

/// Caps, ends, fit and bands, as scores.yaml has them.
struct ScoreBookTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    private func model(_ lines: String) throws -> ScoreModel {
        let loaded = Shop.load(["scores.yaml": "scores:\n  - score: engagement\n" + lines])
        return try #require(loaded.workspace?.score(named: "engagement"), "\(loaded.findings)")
    }

    private func event(_ name: String, _ id: String, hours: Int64 = 0) -> HistoryEvent {
        HistoryEvent(at: Self.start + .hours(hours), eventID: id, name: name)
    }

    @Test func aDayOfACapIsOneOfTheWorkspaceZone() throws {
        let model = try model("    points: [{event: Page Viewed, points: 1, cap: {per_day: 1}}]")
        // 23:30 and 00:30 in Amsterdam.
        let evening = Timestamp(iso8601: "2026-03-02T22:30:00Z")!
        let events = [0, 60, 1000].map { minutes in
            HistoryEvent(at: evening + .minutes(minutes), eventID: "\(minutes)", name: "Page Viewed")
        }
        #expect(try ScoreBook(model, of: events).balance.lasting == [0: 2000])
    }

    @Test func ofClicksOnlyPeoplesCountUnlessARuleAsksWhoItWas() throws {
        let model = try model(
            "    points:\n      - {event: Email Clicked, points: 1}\n"
                + "      - {event: Email Clicked, points: 10, when: 'event.properties.kind == \"scanner\"'}\n")
        func points(_ kind: String?) throws -> Int64 {
            var click = event("Email Clicked", "c")
            click.properties = .object(kind.map { ["kind": .string($0)] } ?? [:])
            return try ScoreBook(model, of: [click]).balance.lasting.values.reduce(0, +)
        }
        #expect(try points("human") == 1_000)
        #expect(try points(nil) == 1_000, "the release before told nothing of it")
        #expect(try points("prefetch") == 0)
        #expect(try points("unknown") == 0)
        #expect(try points("scanner") == 10_000)
    }

    @Test func aTotalCountsWhatTheDayLetsThrough() throws {
        let model = try model("    points: [{event: Page Viewed, points: 1, cap: {per_day: 2, total: 3}}]")
        let events = [1, 2, 3, 25, 26, 27].map { event("Page Viewed", "e\($0)", hours: $0) }
        let book = try ScoreBook(model, of: events)
        #expect(book.counted.values.map { $0.places.map(\.eventID) } == [["e1", "e2", "e25"]])
        #expect(book.balance.lasting == [0: 3000])
    }

    /// Against a count from scratch of the same events in order.
    @Test(arguments: 0..<60) func capsDoNotDependOnTheOrder(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let (perDay, total) = (dice.roll(0...3), dice.roll(0...6))
        let cap = [perDay > 0 ? "per_day: \(perDay)" : nil, total > 0 || perDay == 0 ? "total: \(max(1, total))" : nil]
        let model = try model(
            """
                half_life: 1h
                points:
                  - {event: Page Viewed, points: 1, cap: {\(cap.compactMap(\.self).joined(separator: ", "))}, expires: 90d}
            """)
        // Several at one instant, and the same place twice: two subjects who have become one.
        let events = (0..<40).map { event("Page Viewed", "e\($0 % 37)", hours: Int64(dice.roll(0...60))) }
        let ordered = events.sorted { $0.position < $1.position }
        var (days, counted): ([Int32: Int], [HistoryEvent]) = ([:], [])
        for event in ordered where days[model.day(of: event.at), default: 0] < (perDay > 0 ? perDay : .max) {
            guard counted.count < (cap[1] == nil ? .max : max(1, total)) else { break }
            days[model.day(of: event.at), default: 0] += 1
            counted.append(event)
        }
        var expected = ScoreBalance()
        for event in counted {
            expected.add(ScoreArithmetic.term(points: 1000, at: event.at, halfLife: .hours(1), expiry: .days(90)))
        }
        let shuffled = try ScoreBook(model, of: events.shuffled(using: &dice))
        #expect(shuffled.balance == expected)

        // Two contacts, each with a part, who merge: lists behind each other, sums added up.
        let cut = dice.roll(0...40)
        let mixed = events.shuffled(using: &dice)
        let (left, right) = (try ScoreBook(model, of: mixed[..<cut]), try ScoreBook(model, of: mixed[cut...]))
        var sums = left.balance
        for term in right.balance.terms { sums.add(term) }
        let lists = left.counted.merging(right.counted) { CountedEvents(stored: $0.places + $1.places) }
        var merged = ScoreBook(model, balance: sums, counted: lists)
        try merged.settle()
        #expect(merged.balance == expected)
        #expect(merged.counted.mapValues(\.places) == shuffled.counted.mapValues(\.places))
    }

    @Test func fitFollowsTheAttributes() throws {
        let model = try model(
            """
                fit:
                  - {when: 'contact.country == "NL"', points: 10}
                  - {when: 'contact.employees >= 50', points: 20.5}
                  - {when: 'contact.plan == "student"', points: -5}
            """)
        #expect(model.fitPoints(of: .object([:])) == 0)
        #expect(model.fitPoints(of: .object(["country": .string("NL"), "employees": .int(80)])) == 30_500)
        #expect(model.fitPoints(of: .object(["plan": .string("student")])) == -5000)
        let shop = try #require(
            Shop.load([
                "scores.yaml": """
                scores:
                  - score: engagement
                    points: [{event: Page Viewed, points: 1}]
                    fit: [{when: 'contact.country == "NL"', points: 10}]
                """
            ]).workspace)
        var facts = ContactFacts(
            shop, now: Self.start, contact: .object(["country": .string("NL")]),
            balances: ["engagement": ScoreBalance(lasting: [0: 2500])])
        #expect(facts.score("engagement") == 12.5)
        facts.contact = .null
        #expect(facts.score("engagement") == 2.5)
    }

    @Test func aBandIsTheLastThatBeginsBelow() throws {
        let model = try model(
            """
                points: [{event: Page Viewed, points: 1}]
                bands: [{band: cold}, {band: warm, from: 2.5}, {band: hot, from: 50}]
            """)
        let values = [-3, 2.499, 2.5, 49.999, 50, 1e6]
        #expect(values.map { model.band(of: $0) } == ["cold", "cold", "warm", "warm", "hot", "hot"])
        let without = try self.model("    points: [{event: Page Viewed, points: 1}]\n    bands: [{band: A, from: 1}]")
        #expect(without.band(of: 0) == nil)
    }

    /// Down through the bands as time passes: until the instant told the condition is as it was.
    @Test func conditionsNameBands() throws {
        let scores = """
            scores:
              - score: engagement
                half_life: 7d
                points: [{event: Page Viewed, points: 100, expires: 30d}]
                bands: [{band: cold}, {band: warm, from: 20}, {band: hot, from: 50}]
            """
        let condition = "band(\"engagement\") in [\"warm\", \"hot\"]"
        let stages = "stages: [{stage: see}, {stage: think, when: '\(condition)'}, {stage: do, when: 'true'}]"
        let shop = try #require(Shop.load(["scores.yaml": scores, "stages.yaml": stages]).workspace)
        let misspelt = self.shopFindings(scores, "band(\"engagement\") == \"hto\"")
        #expect(misspelt.contains { $0.contains("hto") && $0.contains("hot") }, "\(misspelt)")
        let model = try #require(shop.score(named: "engagement"))
        var facts = ContactFacts(
            shop, now: Self.start,
            balances: ["engagement": try ScoreBook(model, of: [event("Page Viewed", "e")]).balance])
        var seen: [String] = []
        while seen.last != "cold" {
            let band = facts.band(ofScore: "engagement")
            if seen.last != band.name { seen.append(try #require(band.name)) }
            facts.now = band.validUntil - Span(microseconds: 1)
            #expect(facts.band(ofScore: "engagement").name == band.name)
            facts.now = band.validUntil
        }
        #expect(seen == ["hot", "warm", "cold"])
        let when = try #require(shop.stage(named: "think")?.when)
        #expect(when.mentionedScores == ["engagement"])
        facts.now = Self.start
        #expect(when.holds(in: facts) == (true, facts.band(ofScore: "engagement").validUntil))
    }

    private func shopFindings(_ scores: String, _ condition: String) -> [String] {
        Shop.load([
            "scores.yaml": scores, "stages.yaml": "stages: [{stage: see}, {stage: think, when: '\(condition)'}]",
        ]).findings.map(\.description)
    }

    /// Of points that end without fading: a sum of two scores is worth another value from then on.
    @Test func aScoreThatEndsIsLookedAtWhenItDoes() throws {
        let scores = "scores: [{score: engagement, points: [{event: Page Viewed, points: 5, expires: 3d}]}]"
        let shop = try #require(Shop.load(["scores.yaml": scores]).workspace)
        let model = try #require(shop.score(named: "engagement"))
        let facts = ContactFacts(
            shop, now: Self.start,
            balances: ["engagement": try ScoreBook(model, of: [event("Page Viewed", "e")]).balance])
        let sum = try Expression("score(\"engagement\") + 1.0 > 3.0", scope: .audience)
        #expect(sum.holds(in: facts) == (true, Self.start + .days(3)))
    }

    @Test func whatChangesTheSumsIsToldFromWhatDoesNot() throws {
        let old = try model("    points: [{event: Page Viewed, points: 1}]")
        let same = try model(
            """
                points: [{event: Page Viewed, points: 1}]
                fit: [{when: 'contact.country == "NL"', points: 10}]
                bands: [{band: cold}]
            """)
        #expect(same.countsAs(old))
        for change in ["points: 2", "points: 1, expires: 3d", "points: 1, cap: {total: 1}", "points: 1, when: 'true'"] {
            #expect(!(try model("    points: [{event: Page Viewed, \(change)}]")).countsAs(old))
        }
    }
}

/// SplitMix64: the same throws for the same seed.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func roll(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
