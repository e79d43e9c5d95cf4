import Model
import SendGate
import Simulation
import Testing
import Workspaces

/// Marketing ends for whoever shows no sign of life, on the virtual clock.
@Suite struct SunsetTests {
    /// Which of the mails of the event `A` go.
    private func mails(_ events: String) throws -> [Bool] {
        try OneTopicShop(settings: "hygiene: {sunset: {after: 60d, mails: 2}}").told(
            events, contact: ", consents: [news]"
        )
        .filter { $0.contains("e-mail hello") || $0.contains("sunset") }.map { !$0.contains("sunset") }
    }

    private static let mailed = "{at: 1d, track: A}, {at: 30d, track: A}"

    @Test func itEndsAfterSoLongAndSoManyMails() throws {
        #expect(try mails("\(Self.mailed), {at: 59d, track: A}, {at: 61d, track: A}") == [true, true, true, false])
        #expect(try mails("{at: 1d, track: A}, {at: 61d, track: A}, {at: 62d, track: A}") == [true, true, false])
    }

    @Test func aSignOfLifeKeepsItGoingAndBringsItBack() throws {
        let visit = "{at: 50d, page: https://shop.example/}"
        #expect(try mails("\(Self.mailed), \(visit), {at: 61d, track: A}") == [true, true, true])
        let back = "{at: 70d, track: A}, {at: 71d, track: Order Completed}, {at: 72d, track: A}"
        #expect(try mails("\(Self.mailed), \(back)") == [true, true, false, true])
        let machine = "{at: 50d, track: Email Clicked, properties: {kind: scanner}}"
        #expect(try mails("\(Self.mailed), \(machine), {at: 61d, track: A}") == [true, true, false])
        let again = "{at: 50d, consent: news}"
        #expect(try mails("\(Self.mailed), \(again), {at: 61d, track: A}") == [true, true, true])
    }
}
