import Contracts
import Model
import Postgres
import Store
import Testing
import TestSupport
import Workspaces

@testable import Audience

/// Who is in which segment follows from events, as they come.
@Suite struct SegmentTests {
    @Test func eventsMakeMembers() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            var signals = try await bench.apply(bench.event("Order Completed", "1"))
            #expect(try await bench.segments() == ["recent 1"])
            #expect(signals.map(\.cause) == [.stage("see")], "no journey starts on it")
            signals = try await bench.apply(bench.event("Order Completed", "2", minute: 5))
            #expect(try await bench.segments() == ["buyers 1", "recent 1"])
            #expect(
                signals.map(\.cause) == [.entered(segment: "buyers", ordinal: 1, isBackfill: false)],
                "\(signals)")
            #expect(signals.first?.eventID == "2" && signals.first?.at == Bench.start + .minutes(5))
            #expect(try await bench.moves(of: "buyers") == ["entered 1 event 0h"])
            #expect(try await bench.texts("select event_id from segment_moves where segment = 'buyers'") == ["2"])
        }
    }

    /// Each event of a batch in its turn: what came and went within it is on record.
    @Test func aBatchIsSeenEventByEvent() async throws {
        var files = SegmentShop.files
        files["segments/single.yaml"] = SegmentShop.segment("single", #"count("Order Completed") == 1"#)
        try await Bench.with(files) { bench in
            try await bench.apply(
                bench.event("Order Completed", "1", minute: -60), bench.event("Order Completed", "2", minute: -30))
            #expect(try await bench.segments() == ["buyers 1", "recent 1"])
            #expect(try await bench.moves(of: "single") == ["entered 1 event -1h", "left 1 event -1h"])
        }
    }

    @Test func aLateEventComesToTheSame() async throws {
        var files = SegmentShop.files
        files["segments/single.yaml"] = SegmentShop.segment("single", #"count("Order Completed") == 1"#)
        try await Bench.with(files) { bench in
            try await bench.apply(bench.event("Order Completed", "2", minute: -30))
            #expect(try await bench.segments() == ["recent 1", "single 1"])
            try await bench.apply(bench.event("Order Completed", "1", minute: -60))
            #expect(try await bench.segments() == ["buyers 1", "recent 1"])
        }
    }

    @Test func attributesConsentsScoresAndStagesCount() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.apply(bench.consent("c", minute: 0))
            #expect(try await bench.segments() == [], "without an address nothing is consented to")
            try await bench.apply(bench.identify("i", minute: 1, traits: ["email": "anne@shop.example"]))
            #expect(try await bench.segments() == ["reached 1"])
            try await bench.apply(bench.event("Page Viewed", "p"))
            #expect(try await bench.segments() == ["hot 1", "reached 1"])
            try await bench.apply(bench.event("Form Submitted", "f", minute: 2))
            #expect(try await bench.segments() == ["hot 1", "reached 1", "thinkers 1"], "it lives in a stage")
            try await bench.apply(bench.withdrawal("w", minute: 3))
            #expect(try await bench.segments() == ["hot 1", "thinkers 1"])
            #expect(try await bench.persona() == nil)
            try await bench.apply(bench.identify("j", minute: 4, traits: ["role": "developer"]))
            #expect(try await bench.persona() == "developer")
            try await bench.apply(bench.identify("k", minute: 5, traits: ["role": "buyer"]))
            #expect(try await bench.persona() == nil)
        }
    }

    @Test func historyIsAFactAndStartsNothing() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.apply(bench.event("Order Completed", "1", effect: .history))
            let signals = try await bench.apply(bench.event("Order Completed", "2", minute: 1, effect: .history))
            #expect(try await bench.segments() == ["buyers 1", "recent 1"])
            #expect(signals.isEmpty)
        }
    }

    /// What no condition mentions costs no look at it.
    @Test func onlyWhatAnEventTouchesIsAsked() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            let rules = AudienceRules(try await bench.definitions(), revision: 1)
            let questions = rules.segments
            func names(_ places: Places) -> [String] {
                places.sorted().map { place in
                    switch questions.questions[place].subject {
                    case .segment(let segment): segment.name
                    case .personas: "personas"
                    }
                }
            }
            #expect(questions.touched(by: "Docs Viewed", describes: false).isEmpty)
            #expect(names(questions.touched(by: "Order Completed", describes: false)) == ["buyers", "recent"])
            #expect(
                names(questions.closure(of: questions.touched(by: "Order Completed", describes: false)))
                    == ["buyers", "recent", "asleep", "personas"])
            #expect(Set(names(questions.touched(by: "Page Viewed", describes: false))) == ["hot", "thinkers"])
            #expect(Set(names(questions.timed)) == ["recent", "hot"])
            #expect(names(questions.staged) == ["thinkers"])
            #expect(Set(names(questions.touched(by: "User Identified", describes: true))) == ["reached", "personas"])
        }
    }

    @Test func twoWhoBecomeOneAreInWhatBothTogetherAreIn() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.apply(bench.event("Order Completed", "1", of: .anonymous, "device"))
            try await bench.apply(bench.event("Order Completed", "2", minute: 1))
            #expect(try await bench.segments() == ["recent 1"])
            try await bench.apply(
                bench.identify("i", minute: 2, aliases: [Identity(.anonymous, "device")], traits: [:]))
            #expect(try await bench.segments() == ["buyers 1", "recent 1"])
            #expect(try await bench.count("select count(distinct contact_id) from segment_members") == 1)
            #expect(try await bench.count("select count(*) from wakes") == 1)
            #expect(try await bench.count("select count(distinct contact_id) from segment_moves") == 1)
        }
    }
}
