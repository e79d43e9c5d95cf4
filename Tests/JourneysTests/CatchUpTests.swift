@testable import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// After schedulers were away, what is punctual goes first, and what is late at a stated rate.
@Suite struct CatchUpTests {
    @Test func lateContactsAreLookedAtAtTheRateAndEvenly() {
        let start = ContinuousClock.now
        var catchUp = CatchUp(rate: 100, at: start)
        #expect(catchUp.allowance(at: start) == 0)
        #expect(catchUp.allowance(at: start + .milliseconds(10)) == 1)
        // Whoever has looked at nothing for long may not make up for it.
        #expect(catchUp.allowance(at: start + .seconds(60)) == 20)
        var taken: [Int] = []
        for turn in 1...1_000 {
            let allowance = catchUp.allowance(at: start + .seconds(60) + .milliseconds(20 * turn))
            catchUp.take(min(allowance, 7))
            taken.append(min(allowance, 7))
        }
        let all = taken.reduce(0, +)
        #expect((2_000...2_020).contains(all))
        for second in stride(from: 0, to: 950, by: 50) {
            #expect(taken[second..<second + 50].reduce(0, +) <= 121, "second \(second / 50)")
        }
    }

    @Test func aSlowRateStillMoves() {
        let start = ContinuousClock.now
        var catchUp = CatchUp(rate: 1, at: start)
        var taken = 0
        for turn in 1...100 {
            let allowance = catchUp.allowance(at: start + .milliseconds(100 * turn))
            catchUp.take(allowance)
            taken += allowance
        }
        #expect((9...10).contains(taken))
    }

    @Test func punctualTimersGoFirst() async throws {
        try await Bench.with { bench in
            let users = (0..<12).map { "user \($0)" }
            let signals = try await bench.happens("Signed Up", "s", to: users)
            try await bench.journeys.apply(signals[...], arriving: [], lane: .live)
            let now = Bench.start + .days(10) + .hours(1)
            try await bench.database.pool.withTransaction { try DomainClock.step(to: now, in: $0) }
            let punctual = users.prefix(5).map { bench.contact($0).contact }
            try await bench.change(
                "update timers set due_at = \(now - .seconds(9)) where contact_id = any(\(punctual))")
            var turns: [[Int]] = []
            for allowance in [3, 3, 0, 3, 3, 3] {
                let fired = try await bench.journeys.fireTimers(page: 4, late: allowance)
                turns.append([fired.punctual, fired.late])
            }
            #expect(turns == [[5, 0], [0, 3], [0, 0], [0, 3], [0, 1], [0, 0]])
            #expect(Set(try await bench.runs()) == ["onboarding waiting for goal end"])
        }
    }
}
