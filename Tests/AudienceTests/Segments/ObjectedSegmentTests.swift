import Contracts
import Model
import Postgres
import Store
import Testing
import TestSupport

@testable import Audience

/// Whoever objects to profiling is in no segment, has no persona and no score, by whichever way it might come: an event, time,
/// new definitions. With the end of the objection all is as if there had been none.
@Suite struct ObjectedSegmentTests {
    private static let files = SegmentShop.files.merging([
        "stages.yaml": """
        regress: follow
        stages:
          - stage: see
          - {stage: think, when: 'did("Form Submitted")'}
          - {stage: do, when: 'score("fit") >= 5'}
        """,
        "scores.yaml": """
        scores:
          - score: engagement
            half_life: 1d
            points:
              - {event: Page Viewed, points: 8}
          - score: fit
            fit: [{when: 'contact.role == "developer"', points: 5}]
        """,
    ]) { $1 }

    private static func objects(_ bench: Bench, _ id: String = "no", minute: Int64) -> AcceptedEvent {
        bench.consent(id, to: EventNames.profilingTopic, minute: minute, name: EventNames.consentWithdrawn)
    }

    private static func yields(_ bench: Bench, minute: Int64) -> AcceptedEvent {
        bench.consent("yes", to: EventNames.profilingTopic, minute: minute)
    }

    /// A developer who buys twice and looks at a page.
    private static func story(_ bench: Bench) -> [AcceptedEvent] {
        [
            bench.identify("i", minute: 1, traits: ["role": "developer"]),
            bench.event("Order Completed", "1", minute: 2), bench.event("Order Completed", "2", minute: 3),
            bench.event("Page Viewed", "p", minute: 4),
        ]
    }

    private static let everything = ["buyers 1", "hot 1", "recent 1"]

    private static func expectNothing(_ bench: Bench, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        #expect(try await bench.segments() == [], sourceLocation: sourceLocation)
        #expect(try await bench.persona() == nil, sourceLocation: sourceLocation)
        for table in ["scores", "expiring_scores", "score_counts"] {
            let rows = try await bench.texts("select t::text from \(identifier: table) t")
            #expect(rows == [], sourceLocation: sourceLocation)
        }
    }

    @Test func whatThereIsEndsWithTheObjectionAndReturnsWithItsEnd() async throws {
        try await Bench.with(Self.files) { bench in
            for event in Self.story(bench) { try await bench.apply(event) }
            #expect(try await bench.segments() == Self.everything)
            #expect(try await bench.persona() == "developer")
            #expect(try await bench.state(.user, "anne")?.stage == "do")

            try await bench.apply(Self.objects(bench, minute: 10))
            try await Self.expectNothing(bench)
            #expect(try await bench.moves(of: "buyers") == ["entered 1 event 0h", "left 1 event 0h"])
            #expect(try await bench.state(.user, "anne")?.stage == "see", "a stage of a score follows it")
            // Whatever happens meanwhile makes nothing of it.
            try await bench.apply(
                bench.event("Order Completed", "3", minute: 20), bench.event("Page Viewed", "q", minute: 21),
                bench.identify("j", minute: 22, traits: ["role": "developer", "name": "Anne"]))
            try await Self.expectNothing(bench)

            try await bench.apply(Self.yields(bench, minute: 30))
            #expect(try await bench.segments() == ["buyers 2", "hot 2", "recent 2"])
            #expect(try await bench.persona() == "developer")
            #expect(try await bench.texts("select model from scores") == ["engagement"])
            #expect(try await bench.state(.user, "anne")?.stage == "do")
        }
    }

    /// What comes and goes within one batch leaves what it would have left one by one.
    @Test func anObjectionThatEndsInItsOwnBatchHidesNothing() async throws {
        var expected: [[String]] = []
        for isOneBatch in [false, true] {
            try await Bench.with(Self.files) { bench in
                var events = Self.story(bench)
                events.insert(Self.objects(bench, minute: 2), at: 1)
                events.append(Self.yields(bench, minute: 30))
                if isOneBatch {
                    try await bench.apply(events[0], events[1], events[2], events[3], events[4], events[5])
                } else {
                    for event in events { try await bench.apply(event) }
                }
                let facts =
                    try await bench.texts("select segment from segment_members order by 1")
                    + bench.texts("select model || ' ' || epoch || ' ' || amount from scores order by 1")
                    + bench.texts("select persona from personas")
                expected.append(facts)
            }
        }
        #expect(expected[0].count == 5)
        #expect(expected[0] == expected[1])
    }

    @Test func timeBringsNothing() async throws {
        try await Bench.with(Self.files) { bench in
            for event in Self.story(bench) { try await bench.apply(event) }
            try await bench.apply(Self.objects(bench, minute: 10))
            _ = try await bench.takeSignals()
            // The last order leaves its window meanwhile, whereupon she would fall asleep.
            try await bench.walk(to: Bench.start + .days(20))
            try await Self.expectNothing(bench)
            #expect(try await bench.takeSignals().isEmpty)
            #expect(try await bench.count("select count(*) from segment_moves where segment = 'asleep'") == 0)
            #expect(try await bench.count("select count(*) from wakes") == 0, "nothing is to be looked at any more")

            try await bench.apply(Self.yields(bench, minute: 20 * 1440))
            #expect(try await bench.segments() == ["asleep 1", "buyers 2"], "and now she is")
            #expect(try await bench.persona() == "sleeper")
        }
    }

    @Test func definitionsBringNothing() async throws {
        let before = Self.files.filter { !$0.key.hasPrefix("segments/") && !$0.key.hasPrefix("journeys/") }
        try await Bench.with(before.filter { $0.key != "personas.yaml" }) { bench in
            for event in Self.story(bench) { try await bench.apply(event) }
            try await bench.apply(Self.objects(bench, minute: 10))
            try await bench.apply(bench.event("Order Completed", "1", of: .user, "bob"))
            try await bench.backfill()
            try await bench.redefine(Self.files)
            try await bench.backfill()
            try await Self.expectNothing(bench)
            #expect(try await bench.segments("bob") == ["recent 1"])
            // Other points, counted afresh.
            var files = Self.files
            files["scores.yaml"] = files["scores.yaml"]?.replacing("points: 8", with: "points: 9")
            try await bench.redefine(files)
            try await bench.backfill()
            try await Self.expectNothing(bench)
            try await bench.apply(Self.yields(bench, minute: 30))
            #expect(try await bench.segments() == Self.everything)
            #expect(try await bench.texts("select model from scores") == ["engagement"])
        }
    }

    /// Two who turn out to be one, of whom one objects.
    @Test func anObjectionHoldsForBothWhoBecomeOne() async throws {
        try await Bench.with(Self.files) { bench in
            for event in Self.story(bench) { try await bench.apply(event) }
            try await bench.apply(
                bench.event("Page Viewed", "d", of: .anonymous, "device"),
                bench.event(
                    EventNames.consentWithdrawn, "no", of: .anonymous, "device", minute: 5,
                    .object(["topic": .string(EventNames.profilingTopic)])))
            #expect(try await bench.segments() == Self.everything)
            try await bench.apply(bench.identify("l", minute: 9, aliases: [Identity(.anonymous, "device")]))
            try await Self.expectNothing(bench)
            #expect(try await bench.count("select count(*) from segment_members") == 0)
            #expect(try await bench.count("select count(*) from personas") == 0)
        }
    }
}
