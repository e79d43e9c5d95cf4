import Contracts
import JourneyProgram
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport
import Workspaces

@testable import Audience

/// What changes for a contact without an event of its own having just happened.
@Suite struct DisturbedTests {
    private static let visitor = Identity(.anonymous, "visitor")

    @Test func aConditionTrueOnlyOverBothHistoriesIsAskedAgain() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.event("Order Completed", "1", of: .anonymous, "visitor", minute: 1))
            try await bench.apply(bench.event("Order Completed", "2", minute: 2))
            let signals = try await bench.apply(bench.identify("link", minute: 3, aliases: [Self.visitor]))
            let anne = bench.contact(.user, "anne")
            #expect(signals.allSatisfy { $0.contact == anne })
            #expect(Set(signals.filter { $0.cause == .event }.map(\.eventID)) == ["1", "2"])
            #expect(try await bench.state(.user, "anne")?.stage == "do")
        }
    }

    @Test func anEventThatNoConditionLooksBackAtAsksNothingAgain() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.event("Order Completed", "2", minute: 60))
            let signals = try await bench.apply(bench.event("Page Viewed", "early", minute: 0))
            #expect(signals.isEmpty)
        }
    }

    @Test func opensAndClicksWithoutConsentAreTiedToNobody() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.identify("i", traits: ["email": "anne@shop.example"]),
                bench.consent("t", to: Workspace.trackingTopic, minute: 1))
            let anne = bench.contact(.user, "anne")
            func click(_ id: String) -> AcceptedEvent {
                var event = bench.event(EventNames.emailClicked, id, minute: 2, trust: .system)
                event.subject = .id(anne.contact)
                return event
            }
            try await bench.apply(click("tied"))
            try await bench.apply(
                bench.consent(
                    "w", to: Workspace.trackingTopic, minute: 3, name: EventNames.consentWithdrawn))
            try await bench.apply(click("loose"), bench.event("Page Viewed", "p", minute: 4))
            let stored = try await bench.texts("select event_id from event_log order by 1")
            #expect(stored == ["i", "p", "t", "tied", "w"])
        }
    }

    @Test func newDefinitionsAreNotTheDoingOfTheNextEvent() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.event("Page Viewed", "1"), bench.event("Page Viewed", "2"))
            #expect(try await bench.state(.user, "anne")?.stage == "see")
            var files = Shop.files
            files["stages.yaml"] = files["stages.yaml"]?.replacing(">= 10", with: ">= 2")
            try await bench.redefine(files)
            // An event that no rule mentions: what it finds is booked, and nobody is told.
            #expect(try await bench.apply(bench.event("Docs Viewed", "3", minute: 1)).isEmpty)
            #expect(try await bench.state(.user, "anne")?.stage == "think")
            // Somebody whom the new definitions meet from the start comes by his own doing.
            let bob = try await bench.apply(
                bench.event("Page Viewed", "4", of: .user, "bob"), bench.event("Page Viewed", "5", of: .user, "bob"))
            #expect(bob.map(\.cause) == [.stage("see"), .stage("think")])
        }
    }

    @Test func aWithdrawalThatTheLedgerHeldStopsNothingAgain() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.identify("i", traits: ["email": "anne@shop.example"]), bench.consent("c", minute: 1))
            let withdrawal = bench.withdrawal("w", at: "anne@shop.example", minute: 2)
            try await bench.apply(withdrawal)
            let epoch = "select epoch::bigint from send_state" as Query
            let before = try await bench.count(epoch)
            // The event of a withdrawal that the edge has applied itself: other bytes, the same line of the ledger.
            var known = withdrawal
            known.sentTime = Bench.start + .minutes(9)
            try await bench.apply(known)
            #expect(try await bench.count(epoch) == before)
        }
    }
}
