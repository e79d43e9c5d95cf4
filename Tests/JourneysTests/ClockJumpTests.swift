import Journeys
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Domain time that jumps: the store's host was set, or stood still.
@Suite struct ClockJumpTests {
    /// Sets the clock as an administrator of the store's host may; `loods clock` never goes back.
    private static func set(_ bench: Bench, to time: Timestamp) async throws {
        try await bench.change("update clock set at = \(time)")
    }

    @Test func aJumpBackFiresNothingAgainAndLosesNoWait() async throws {
        try await Bench.with { bench in
            try await bench.hears("Order Completed", "1", at: Bench.start - .minutes(2))
            try await bench.hears("Order Completed", "2", at: Bench.start - .minutes(1))
            try await bench.sendPlanned(to: "anne")
            try await bench.advance(to: Bench.start)
            try await bench.advance(to: Bench.start + .days(2))
            #expect(try await bench.runs() == ["welcome waiting for event wait_for 3"])
            for hours in [-1, -48, -24 * 365] as [Int64] {
                try await Self.set(bench, to: Bench.start + .hours(hours))
                #expect(try await bench.journeys.fireTimers() == 0)
            }
            // Signals that come again find what was done.
            try await bench.hears("Order Completed", "2", at: Bench.start - .minutes(1))
            #expect(try await bench.runs() == ["welcome waiting for event wait_for 3"])
            #expect(try await bench.messages() == ["welcome thanks accepted"])
            try await bench.advance(to: Bench.start + .days(5))
            #expect(try await bench.messages() == ["welcome thanks accepted", "welcome has-not-read planned"])
        }
    }

    @Test func aJumpAheadFiresEachTimerOnce() async throws {
        try await Bench.with { bench in
            for user in ["anne", "bob", "cor"] { try await bench.hears("Signed Up", "s", to: user) }
            #expect(try await bench.advance(to: Bench.start + .days(3650)) == 3)
            _ = try await bench.journeys.fireTimers()
            #expect(try await bench.journeys.fireTimers() == 0)
            let finished = [String](repeating: "onboarding finished", count: 3)
            #expect(try await bench.runs() == finished)
            // And back to where it should be: they have ended, and stay so.
            try await Self.set(bench, to: Bench.start + .days(1))
            try await bench.hears("Pixel Installed", "p", at: Bench.start + .days(1))
            #expect(try await bench.runs() == finished)
            #expect(try await bench.texts("select run_id::text from timers").isEmpty)
        }
    }
}
