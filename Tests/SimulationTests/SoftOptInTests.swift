import Expressions
import Model
import SendGate
import Simulation
import Testing
import Workspaces

/// Mail that rests on a sale, on the virtual clock.
@Suite struct SoftOptInTests {
    private static func shop() throws -> OneTopicShop {
        let sale = "{event: Order Completed, within: 30d, similar_products: shoes, opt_out: a box at the checkout}"
        return try OneTopicShop(topic: ", basis: soft_opt_in, sale: \(sale)")
    }

    private func told(_ events: String) throws -> [String] {
        try Self.shop().told(events).filter { $0.contains("hello") }
    }

    private func mails(_ events: String) throws -> [Bool] {
        try told(events).filter { $0.contains("e-mail hello") || $0.contains("not") }.map { !$0.contains("not") }
    }

    @Test func itGoesToWhoeverHasBoughtForAsLongAsThatCounts() throws {
        let sale = "{at: 1h, track: Order Completed}"
        let told = try mails(
            "{at: 0d, track: A}, \(sale), {at: 2h, track: A}, {at: 29d, track: A}, {at: 31d, track: A}")
        #expect(told == [false, true, true, false])
    }

    @Test func anObjectionOutweighsTheNextSale() throws {
        let sale = "track: Order Completed"
        let told = try mails(
            "{at: 0d, \(sale)}, {at: 1h, track: A}, {at: 2h, unsubscribe: news}, {at: 3h, \(sale)}, {at: 4h, track: A}")
        #expect(told == [true, false])
    }

    @Test(arguments: [false, true]) func aSaleOfWhichOnlyAPublicKeyTellsIsNone(_ isTrusted: Bool) throws {
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        let anne = PlayedContact(name: "anne", attributes: ["email": .string("anne@shop.example")])
        var sale = PlayedEvent(HistoryEvent(at: start, eventID: "1", name: "Order Completed"))
        sale.isTrusted = isTrusted
        var play = ContactPlay(anne, in: Simulator(try Self.shop().workspace), at: start)
        play.run(
            [sale, PlayedEvent(HistoryEvent(at: start + .hours(1), eventID: "2", name: "A"))], until: start + .days(1))
        let wasSent = play.story.contains { if case .sent = $0.what { true } else { false } }
        #expect(wasSent == isTrusted)
    }

    @Test func theReasonIsTold() throws {
        let lines = try told("{at: 0d, track: A}")
        #expect(lines.contains { $0.contains("no sale of late that mail of the topic could rest on") }, "\(lines)")
    }
}
