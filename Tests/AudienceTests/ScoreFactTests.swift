@testable import Audience
import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

/// Scores with caps and ends in the store: late events, merges and new definitions come to what the log gives.
@Suite struct ScoreFactTests {
    private static func files(_ scores: String) -> [String: String] {
        Shop.files.merging([
            "scores.yaml": "scores:\n" + scores,
            "stages.yaml": """
            stages:
              - stage: see
              - {stage: think, when: 'score("attention") >= 3'}
            """,
        ]) { $1 }
    }

    private static let capped = """
          - score: attention
            half_life: 14d
            points:
              - {event: Page Viewed, points: 1, cap: {per_day: 2}}
              - {event: Form Submitted, points: 3, expires: 1d}
        """

    private static func sums(_ bench: Bench) async throws -> [String] {
        try await bench.texts(
            """
            select concat_ws('|', contact_id, model, epoch, null::text, amount) from scores where amount <> 0
            union all
            select concat_ws('|', contact_id, model, epoch, until, amount) from expiring_scores where amount <> 0
            union all
            select concat_ws('|', contact_id, model, rule, day, counted) from score_counts order by 1
            """)
    }

    @Test func aLateEventTakesThePlaceOfALaterOne() async throws {
        var found: [[String]] = []
        for order in [[1, 2, 3, 4], [3, 4, 2, 1], [4, 1, 3, 2]] {
            try await Bench.with(Self.files(Self.capped)) { bench in
                for number in order {
                    try await bench.apply(bench.event("Page Viewed", "p\(number)", minute: Int64(number) * 60))
                }
                found.append(try await Self.sums(bench))
            }
        }
        #expect(found[0].count == 2 && found[0] == found[1] && found[0] == found[2])
        #expect(found[0].contains { $0.contains("p1") && $0.contains("p2") && !$0.contains("p3") })
    }

    @Test func mergedContactsCountAsOneFromTheStart() async throws {
        var found: [[String]] = []
        for isLinkedFirst in [true, false] {
            try await Bench.with(Self.files(Self.capped)) { bench in
                let link = bench.identify("link", minute: 9, aliases: [Identity(.anonymous, "visitor")])
                if isLinkedFirst { try await bench.apply(link) }
                for number: Int64 in 1...3 {
                    try await bench.apply(
                        bench.event("Page Viewed", "v\(number)", of: .anonymous, "visitor", minute: number * 2),
                        bench.event("Form Submitted", "f\(number)", of: .anonymous, "visitor", minute: number))
                    try await bench.apply(bench.event("Page Viewed", "a\(number)", minute: number * 3))
                }
                if !isLinkedFirst { try await bench.apply(link) }
                try await bench.apply(bench.event("Page Viewed", "late", of: .anonymous, "visitor", minute: 1))
                found.append(try await Self.sums(bench))
            }
        }
        #expect(found[0].count == 5, "\(found[0])")
        #expect(found[0] == found[1])
    }

    /// The revision that the sums were made by is not the live one any more: they are made anew when the contact is met.
    @Test func aChangedModelIsCountedAfreshFromTheLog() async throws {
        let changed = Self.files(
            """
              - score: attention
                points:
                  - {event: Form Submitted, points: 2}
                  - {event: Page Viewed, points: 5, cap: {total: 1}}
            """)
        var found: [[String]] = []
        for changes in [true, false] {
            try await Bench.with(changes ? Self.files(Self.capped) : changed) { bench in
                for number: Int64 in 1...3 {
                    try await bench.apply(
                        bench.event("Page Viewed", "p\(number)", minute: -number),
                        bench.event("Form Submitted", "f\(number)", minute: -number))
                }
                if changes { try await bench.redefine(changed) }
                try await bench.apply(
                    bench.event("Form Submitted", "f", minute: 1), bench.event("Page Viewed", "p", minute: -9))
                found.append(try await Self.sums(bench))
                #expect(try await bench.state(.user, "anne")?.stage == "think")
            }
        }
        #expect(found[0].count == 2 && found[0] == found[1], "\(found)")
    }

    @Test func pointsThatHaveEndedGiveNothing() async throws {
        try await Bench.with(Self.files(Self.capped)) { bench in
            try await bench.apply(bench.event("Form Submitted", "old", minute: -24 * 60))
            #expect(try await Self.sums(bench) == [])
            #expect(try await bench.state(.user, "anne")?.stage == "see")
            try await bench.apply(bench.event("Form Submitted", "new", minute: -23 * 60))
            #expect(try await bench.count("select count(*) from expiring_scores") == 1)
            let removed = try await bench.database.pool.withTransaction { session in
                let early = try ScoreSums.forgetExpired(before: Bench.start, limit: 10, in: session)
                return [early, try ScoreSums.forgetExpired(before: Bench.start + .hours(2), limit: 10, in: session)]
            }
            #expect(removed == [0, 1])
        }
    }

    private static func given(_ points: GivenPoints, _ id: String, _ bench: Bench, minute: Int64) -> AcceptedEvent {
        bench.event(EventNames.pointsGiven, id, minute: minute, trust: .system, .object(points.properties))
    }

    /// Points that a step gives are facts: once each, in any order, and the same when they are counted afresh.
    @Test func aStepsPointsAreCountedFromTheLog() async throws {
        var found: [[String]] = []
        for order in [[0, 1, 2, 3], [3, 1, 0, 2]] {
            for isAfresh in [false, true] {
                let other = Self.capped.replacing("points: 1,", with: "points: 7,")
                try await Bench.with(Self.files(isAfresh ? other : Self.capped)) { bench in
                    let events = [
                        Self.given(GivenPoints(model: "attention", points: 3_500), "g", bench, minute: 5),
                        Self.given(
                            GivenPoints(model: "attention", points: -500, expiry: .days(2)), "h", bench, minute: 1),
                        Self.given(GivenPoints(model: "other", points: 900_000), "i", bench, minute: 2),
                        bench.event("Page Viewed", "p", minute: 3),
                    ]
                    for place in order { try await bench.apply(events[place]) }
                    for event in events { try await bench.apply(event) }
                    if isAfresh { try await bench.redefine(Self.files(Self.capped)) }
                    try await bench.apply(bench.event("Seen", "s", minute: 9))
                    found.append(try await Self.sums(bench))
                    #expect(try await bench.state(.user, "anne")?.stage == "think")
                }
            }
        }
        #expect(found[0].count == 3, "\(found[0])")
        for other in found.dropFirst() { #expect(other == found[0]) }
    }

    /// Who is not Loods gives no points: the event is refused, and what comes with it is not.
    @Test(arguments: [AcceptedEvent.Trust.publicKey, .server]) func nobodyElseGivesPoints(
        trust: AcceptedEvent.Trust
    ) async throws {
        try await Bench.with(Self.files(Self.capped)) { bench in
            let points = JSON.object(GivenPoints(model: "attention", points: 9_000).properties)
            let forged = bench.event(EventNames.pointsGiven, "f", trust: trust, points)
            await #expect(throws: (any Error).self) { try await bench.apply(forged) }
            let consumer = EventConsumer(worker: try await bench.worker())
            let body = EventBatch(id: .random(), events: [forged, bench.event("Page Viewed", "p")]).encoded
            let settled = await consumer.handle([Delivery(queue: .events, lane: .live, body: body)])
            #expect(settled == [.ack])
            #expect(
                try await bench.texts("select reason from set_aside") == ["\"Points Given\" is said by Loods alone"])
            #expect(try await bench.texts("select name from event_log") == ["Page Viewed"])
        }
    }

    @Test func fitMovesTheStageWithTheAttributes() async throws {
        let files = Self.files("  - score: attention\n    fit: [{when: 'contact.employees > 50', points: 4}]\n")
        try await Bench.with(files) { bench in
            try await bench.apply(bench.identify("1", traits: ["employees": 10]))
            #expect(try await bench.state(.user, "anne")?.stage == "see")
            try await bench.apply(bench.identify("2", minute: 1, traits: ["employees": 60]))
            #expect(try await bench.state(.user, "anne")?.stage == "think")
        }
    }
}
