import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Branches, shares and repeats in the store: each visit has its message and its decision.
@Suite struct BranchTests {
    private static var files: [String: String] {
        var files = Shop.files
        files["journeys/tour.yaml"] = """
            journey: tour
            enter: {event: Joined}
            steps:
              - switch: contact.plan
                cases: {pro: [end]}
                else:
                  - split: {share: {a: 999999, holdout: 1}}
                    a: [{wait: 1h}]
              - wait_for:
                  any:
                    - {event: Docs Viewed, then: [end]}
                    - when: '!did("Joined", "2d")'
                  at_most: 5d
              - repeat: {times: 2, until: 'run.did("Order Completed")'}
                steps: [{email: thanks, step: nudge}, {wait: 1d}]
            """
        return files
    }

    @Test func eachVisitIsItsOwn() async throws {
        try await Bench.with { bench in
            try await Bench.apply(Self.files, to: bench.database)
            try await bench.hears("Joined", "j")
            try await bench.advance(to: Bench.start + .hours(1))
            // Time alone makes the condition true, two days after the event.
            #expect(try await bench.runs() == ["tour waiting for event wait_for 2"])
            #expect(try await bench.advance(to: Bench.start + .days(2) - .seconds(1)) == 0)
            try await bench.advance(to: Bench.start + .days(2))
            for day in 2...4 {
                try await bench.sendPlanned(to: "anne")
                try await bench.advance(to: Bench.start + .days(Int64(day)))
            }
            #expect(try await bench.runs() == ["tour finished"])
            #expect(
                try await bench.texts("select step || ' ' || visit || ' ' || state from messages order by 1")
                    == ["nudge 1 accepted", "nudge 2 accepted"])
            #expect(
                try await bench.texts("select step || ': ' || choice from decisions order by at, 1") == [
                    "enter: started", "split 1.else.1: a", "switch 1: else", "repeat 3: pass 1", "wait_for 2: any 2",
                    "repeat 3: pass 2", "end: finished",
                ])
        }
    }
}
