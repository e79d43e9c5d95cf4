import Expressions
import Model
import SendGate
import Simulation
import Testing
import Workspaces

/// Mail that rests on a legitimate interest, on the virtual clock.
@Suite struct LegitimateInterestTests {
    private static func shop() throws -> OneTopicShop {
        try OneTopicShop(topic: ", basis: legitimate_interest, balancing_test: {document: LIA-7, date: 2026-03-01}")
    }

    private func told(_ events: String) throws -> [String] {
        try Self.shop().told(events).filter { $0.contains("hello") }
    }

    @Test func itGoesUntilTheySayNo() throws {
        let told = try told("{at: 0d, track: A}, {at: 1h, refuse: news}, {at: 2h, track: A}")
        #expect(told.contains { $0.hasPrefix("0d") && $0.contains("e-mail hello") && !$0.contains("not") }, "\(told)")
        #expect(told.contains { $0.hasPrefix("2h") && $0.contains("not") }, "\(told)")
    }

    @Test func whoeverSaidNoBeforeThePlayGetsNone() throws {
        let workspace = try Self.shop().workspace
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        func reasons(refusing topics: [String]) -> [Reasons] {
            var contact = PlayedContact(name: "anne", attributes: ["email": .string("anne@shop.example")])
            contact.refusals = topics
            var play = ContactPlay(contact, in: Simulator(workspace), at: start)
            play.run([PlayedEvent(HistoryEvent(at: start, eventID: "e", name: "A"))], until: start + .days(1))
            return play.story.compactMap { if case .skipped(_, _, _, let reasons) = $0.what { reasons } else { nil } }
        }
        #expect(reasons(refusing: ["news"]) == [.consentWithdrawn])
        #expect(reasons(refusing: ["offers"]) == [])
    }
}
