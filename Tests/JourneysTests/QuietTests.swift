import Journeys
import Model
import Postgres
import Store
import TestSupport
import Testing

/// What changes nothing writes nothing.
@Suite struct QuietTests {
    /// The rows of a table as the server tells their versions apart.
    private static func rows(_ table: String, _ bench: Bench) async throws -> [String] {
        try await bench.texts("select ctid::text || xmin::text from \(identifier: table) order by 1")
    }

    @Test func aSignalThatMovesNoRunLeavesNoTrace() async throws {
        try await Bench.with { bench in
            try await bench.hears("Signed Up", "s")
            let tables = ["runs", "timers", "decisions", "messages", "outbox", "set_aside"]
            var before: [[String]] = []
            for table in tables { before.append(try await Self.rows(table, bench)) }
            try await bench.hears("Docs Viewed", "d", at: Bench.start + .minutes(1))
            for (table, before) in zip(tables, before) {
                #expect(try await Self.rows(table, bench) == before, "\(table)")
            }
            try await bench.advance(to: Bench.start + .days(10))
            #expect(try await bench.runs() == ["onboarding waiting for goal end"])
        }
    }

    @Test func aVerdictThatIsNoneIsLookedAtOnce() async throws {
        try await Bench.with { bench in
            try await bench.hears("Order Completed", "o", .object(["order": "A"]))
            try await bench.hears("Signed Up", "s")
            try await bench.change(
                """
                insert into timers (workspace_id, contact_id, run_id, kind, version, due_at)
                select workspace_id, contact_id, run_id, 'verdict', 0, \(Bench.start) from runs
                """)
            let before = try await Self.rows("runs", bench)
            #expect(try await bench.journeys.fireTimers() == 1)
            #expect(try await bench.journeys.fireTimers() == 0)
            #expect(try await Self.rows("runs", bench) == before)
            #expect(try await bench.texts("select kind from timers") == ["wake"])
            #expect(try await bench.advance(to: Bench.start + .days(10)) == 1)
            #expect(try await bench.runs() == ["onboarding waiting for goal end", "receipt sending receipt"])
        }
    }

    @Test func aStepThatKeepsItsWakeKeepsItsTimer() async throws {
        try await Bench.with { bench in
            var files = Shop.files
            files["journeys/onboarding.yaml"] = """
                journey: onboarding
                enter: {event: Signed Up}
                goal: {when: 'run.did("Pixel Installed")', within: 1d}
                steps: [{email: thanks, step: hello}, {wait: 3d}]
                """
            try await Bench.apply(files, to: bench.database)
            try await bench.hears("Signed Up", "s")
            let timers = try await Self.rows("timers", bench)
            try await bench.sendPlanned(to: "anne")
            #expect(try await bench.journeys.fireTimers() == 1)
            #expect(try await bench.runs() == ["onboarding waiting wait 2"])
            #expect(try await Self.rows("timers", bench) == timers)
            // The lapse of the goal, then the wait.
            #expect(try await bench.advance(to: Bench.start + .days(1)) == 1)
            #expect(try await bench.advance(to: Bench.start + .days(3)) == 1)
            #expect(try await bench.runs() == ["onboarding finished"])
        }
    }
}
