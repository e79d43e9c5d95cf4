import Model
import SendGate
import Simulation
import Testing
import Workspaces

/// Mail that rests on a sale, on the virtual clock.
@Suite struct SoftOptInTests {
    private func told(_ events: String) throws -> [String] {
        let sale = "{event: Order Completed, within: 30d, similar_products: shoes, opt_out: a box at the checkout}"
        return try OneTopicShop(topic: ", basis: soft_opt_in, sale: \(sale)").told(events).filter {
            $0.contains("hello")
        }
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

    @Test func theReasonIsTold() throws {
        let lines = try told("{at: 0d, track: A}")
        #expect(lines.contains { $0.contains("no sale of late that mail of the topic could rest on") }, "\(lines)")
    }
}
