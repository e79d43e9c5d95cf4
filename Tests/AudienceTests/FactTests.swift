import Audience
import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

/// Events become facts once, whatever way they come.
@Suite struct FactTests {
    @Test func whatComesAgainChangesNothing() async throws {
        try await Bench.with { bench in
            let events = [
                bench.identify("i", minute: 0, traits: ["name": "Anne"]),
                bench.event("Order Completed", "o", minute: 1),
                bench.event("Page Viewed", "p", minute: 2, timed: false), bench.consent("c", minute: 3),
            ]
            for event in events { try await bench.apply(event) }
            let before = try await bench.snapshot()
            let again = try await bench.apply(events[0], events[1], events[1], events[2], events[3])
            #expect(again.isEmpty)
            #expect(try await bench.snapshot() == before)
            #expect(before.events.count == 4)
        }
    }

    @Test func severalEventsOfOneContactInABatchAddUp() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.event("Page Viewed", "1"), bench.event("Page Viewed", "2"), bench.event("Page Viewed", "3"))
            let value = try await bench.texts("select amount::text from scores where model = 'engagement'")
            let single = try await bench.count(
                "select amount / 3 from scores where model = 'engagement' and amount % 3 = 0")
            #expect(value.count == 1)
            #expect(single > 0)
        }
    }

    @Test func anEventWithoutATimeIsToldFromItsRepeatByItsID() async throws {
        try await Bench.with { bench in
            var again = bench.event("Page Viewed", "p", minute: 0, timed: false)
            try await bench.apply(again)
            again.receivedAt = again.receivedAt + .minutes(5)
            again.at = again.receivedAt
            try await bench.apply(again)
            #expect(try await bench.count("select count(*) from event_log") == 1)
        }
    }

    @Test func theLastWriterOfAnAttributeWinsInAnyOrder() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.identify("b", minute: 2, traits: ["plan": "late", "city": .null]))
            try await bench.apply(
                bench.identify("a", minute: 1, traits: ["plan": "early", "city": "Delft", "name": "Anne"]))
            #expect(try await bench.state(.user, "anne")?.attributes == ["plan": "late", "name": "Anne"])
        }
    }

    @Test func historySetsNothingOff() async throws {
        try await Bench.with { bench in
            let signals = try await bench.apply(
                bench.event("Order Completed", "1", minute: 0, effect: .history),
                bench.event("Order Completed", "2", minute: 1, effect: .history), lane: .bulk)
            #expect(signals.isEmpty)
            #expect(try await bench.state(.user, "anne")?.stage == "do")
        }
    }

    @Test func aLateEventHasLaterOnesLookedAtAgain() async throws {
        try await Bench.with { bench in
            #expect(
                try await bench.apply(bench.event("Order Completed", "2", minute: 60)).map(\.eventID) == ["2", "2"])
            // Another contact's fresh event of the same id stands in nobody's way.
            let signals = try await bench.apply(
                bench.event("Order Completed", "1", minute: 0), bench.event("Order Completed", "2", of: .user, "bob"))
            let anne = bench.contact(.user, "anne")
            let causes = signals.filter { $0.contact == anne && $0.cause == .event }.map(\.eventID)
            #expect(causes.sorted() == ["1", "2"])
        }
    }
}

/// Stages: reached once, with the event that led to them.
@Suite struct StageTests {
    private static func reached(_ bench: Bench) async throws -> [String] {
        try await bench.texts("select stage || ' ' || event_id from stages order by at, event_id")
    }

    @Test func aStageIsReachedOnceWithItsEvent() async throws {
        try await Bench.with { bench in
            let first = try await bench.apply(bench.event("Page Viewed", "a", minute: 0))
            #expect(first.map(\.cause) == [.stage("see")])
            let both = try await bench.apply(
                bench.event("Form Submitted", "c", minute: 2), bench.event("Page Viewed", "b", minute: 1),
                bench.event("Form Submitted", "d", minute: 3))
            #expect(both.map(\.eventID) == ["c"])
            #expect(try await Self.reached(bench) == ["see a", "think c"])
        }
    }

    @Test(arguments: [["1", "2"], ["2", "1"]])
    func aStageIsReachedInWhateverOrderItsEventsBecomeKnown(order: [String]) async throws {
        try await Bench.with { bench in
            for id in order {
                try await bench.apply(bench.event("Order Completed", id, minute: Int64(id)! * 10))
            }
            #expect(try await bench.state(.user, "anne")?.stage == "do")
            #expect(try await Self.reached(bench).last == "do 2")
        }
    }

    @Test func aScoreFadesToHalfInItsHalfLife() async throws {
        try await Bench.with { bench in
            let fortnight = Int64(14 * 24 * 60)
            try await bench.apply(bench.event("Form Submitted", "old", minute: -fortnight))
            #expect(try await bench.state(.user, "anne")?.stage == "see")
            for id in 1...4 { try await bench.apply(bench.event("Page Viewed", "\(id)")) }
            #expect(try await bench.state(.user, "anne")?.stage == "see")
            try await bench.apply(bench.event("Page Viewed", "5"), bench.event("Page Viewed", "6"))
            #expect(try await bench.state(.user, "anne")?.stage == "think")
        }
    }
}
