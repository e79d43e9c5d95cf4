import Model
import Simulation
import Testing
import Workspaces

/// A double opt-in on the virtual clock.
@Suite struct DoubleOptInTests {
    private func told(_ events: String) throws -> [String] {
        try OneTopicShop(topic: ", double_opt_in: {within: 3d}").told(events).filter {
            $0.contains("hello") || $0.contains("confirm:news")
        }
    }

    @Test func marketingGoesOnlyOnceItIsConfirmed() throws {
        let told = try told(
            "{at: 0d, consent: news}, {at: 1h, track: A}, {at: 2h, confirm: news}, {at: 3h, track: A}")
        #expect(told.contains { $0.hasPrefix("0d") && $0.contains("confirm:news") && !$0.contains("not") }, "\(told)")
        #expect(told.contains { $0.hasPrefix("1h") && $0.contains("is not confirmed yet") }, "\(told)")
        #expect(told.contains { $0.hasPrefix("3h") && $0.contains("e-mail hello") }, "\(told)")
    }

    @Test func whoeverAsksAgainOnOneDayGetsOneMail() throws {
        let told = try told(
            "{at: 0d, consent: news}, {at: 1h, consent: news}, {at: 23h, consent: news}, {at: 25h, consent: news}")
        #expect(told.filter { $0.contains("e-mail confirm:news") }.map { $0.prefix { $0 != " " } } == ["0d", "1d1h"])
    }

    @Test func whatNobodyConfirmsIsOver() throws {
        let told = try told("{at: 0d, consent: news}, {at: 4d, track: A}")
        #expect(told.contains { $0.hasPrefix("4d") && $0.contains("has lapsed") }, "\(told)")
    }

    @Test func whoeverHasConfirmedIsNotAskedAgainAndLosesNothing() throws {
        let told = try told(
            "{at: 0d, consent: news}, {at: 1h, confirm: news}, {at: 3d, consent: news}, {at: 10d, track: A}")
        #expect(told.filter { $0.contains("e-mail confirm:news") }.count == 1, "\(told)")
        #expect(told.contains { $0.hasPrefix("10d") && $0.contains("e-mail hello") }, "\(told)")
    }

    @Test func aRefusalStopsMailAsAWithdrawalDoes() throws {
        let told = try told(
            "{at: 0d, consent: news}, {at: 1h, confirm: news}, {at: 2h, refuse: news}, {at: 3h, track: A}")
        #expect(told.contains { $0.hasPrefix("3h") && $0.contains("consent for the topic was refused") }, "\(told)")
    }
}
