import Contracts
import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// A run that cannot go on stands by itself: all else of its contact goes on.
@Suite struct RunFaultTests {
    /// Anne has a run of `onboarding`, at its wait, and one of `receipt`, whose message waits.
    private static func twoRuns(_ bench: Bench) async throws {
        try await bench.hears("Signed Up", "s")
        try await bench.hears("Order Completed", "o", .object(["order": "A"]))
    }

    private static func setAside(_ bench: Bench) async throws -> [SetAside.Item] {
        try await bench.database.pool.withTransaction { try SetAside.list(all: false, in: $0) }
    }

    @Test func anEntryDatedBehindTheYear9999IsARunLikeAnyOther() async throws {
        try await Bench.with { bench in
            let far = Timestamp(microseconds: 253_402_300_800_000_000) + .days(400)
            try await bench.hears("Signed Up", "s", at: far)
            try await bench.hears("Order Completed", "o", .object(["order": "A"]))
            #expect(try await bench.runs() == ["onboarding waiting wait 1", "receipt sending receipt"])
            try await bench.hears("Account Closed", "c", at: Bench.start + .minutes(1))
            #expect(try await bench.runs() == ["onboarding exited", "receipt sending receipt"])
            #expect(try await Self.setAside(bench).isEmpty)
        }
    }

    @Test func anUnreadableRunIsSetAsideOnceWhileTheOthersGoOn() async throws {
        try await Bench.with { bench in
            try await Self.twoRuns(bench)
            let state = try await bench.texts("select state::text from runs where journey = 'onboarding'")
            try await bench.change("update runs set state = '{\"v\": 99}' where journey = 'onboarding'")
            try await bench.hears("Order Completed", "p", .object(["order": "B"]))
            try await bench.sendPlanned(to: "anne")
            _ = try await bench.journeys.fireTimers()
            #expect(
                try await bench.runs() == [
                    "onboarding  ", "receipt finished", "receipt finished", "welcome waiting wait 2",
                ])
            try await bench.advance(to: Bench.start + .days(10))
            let item = try #require(try await Self.setAside(bench).first)
            #expect(try await Self.setAside(bench).count == 1)
            #expect(item.queue == "signals" && item.attempts > 1 && item.reason.contains("unreadableRun"))

            // Mended and replayed it goes on from where it stood.
            try await bench.change("update runs set state = \(state[0])::text::jsonb where journey = 'onboarding'")
            for signal in try SignalBatch(decoding: item.body).signals { try await bench.act(on: signal) }
            #expect(try await bench.runs().first == "onboarding waiting for goal end")
            try await bench.advance(to: Bench.start + .days(14))
            #expect(try await bench.runs().first == "onboarding finished")
        }
    }

    @Test func aRunWhoseVersionIsGoneFailsAlone() async throws {
        try await Bench.with { bench in
            try await Self.twoRuns(bench)
            try await bench.change("update runs set journey_version = 7 where journey = 'receipt'")
            try await bench.sendPlanned(to: "anne")
            #expect(try await bench.advance(to: Bench.start + .days(10)) == 1)
            #expect(try await bench.runs() == ["onboarding waiting for goal end", "receipt sending receipt"])
            #expect(try await Self.setAside(bench).count == 1)
        }
    }

    @Test func aRunWhoseDefinitionsCannotBeReadFailsAlone() async throws {
        try await Bench.with { bench in
            var signal = try await bench.happens("Form Submitted", "f")
            try await bench.hears("Signed Up", "s")
            var files = Shop.files
            files["journeys/thinker.yaml"] = "journey: thinker\nenter: {stage: think}\nsteps: [{wait: 2d}]\n"
            try await Bench.apply(files, to: bench.database)
            signal.cause = .stage("think")
            try await bench.act(on: signal)
            try await bench.change("update definitions set files = '{}' where revision = 1")
            let fresh = try await bench.scheduler()
            try await bench.database.pool.withTransaction { try DomainClock.step(to: Bench.start + .days(10), in: $0) }
            #expect(try await fresh.fireTimers() == 1)
            #expect(try await bench.runs() == ["onboarding waiting wait 1", "thinker finished"])
            #expect(try await Self.setAside(bench).count == 1)
        }
    }

    @Test func aMessagePlannedFromAnotherTemplateIsAnError() async throws {
        try await Bench.with { bench in
            let signal = try await bench.happens("Order Completed", "o", .object(["order": "A"]))
            try await bench.act(on: signal)
            try await bench.change("update messages set template = 'offer'")
            try await bench.change("delete from runs")
            await #expect(throws: (any Error).self) { try await bench.act(on: signal) }
            #expect(try await bench.runs().isEmpty)
            try await bench.change("update messages set template = 'thanks'")
            try await bench.act(on: signal)
            #expect(try await bench.runs() == ["receipt sending receipt"])
        }
    }

    @Test func aContactWhoseTimersCannotBeFiredIsSetAsideAndTheOthersGoOn() async throws {
        try await Bench.with { bench in
            var files = Shop.files
            files["journeys/onboarding.yaml"] = """
                journey: onboarding
                enter: {event: Signed Up}
                steps: [{wait: 1d}, {email: thanks, step: later}]
                """
            try await Bench.apply(files, to: bench.database)
            for user in ["anne", "bob", "cor"] { try await bench.hears("Signed Up", "s", to: user) }
            for table in ["runs", "timers"] {
                try await bench.change(
                    "create table \(identifier: "kept_" + table) as select * from \(identifier: table)")
            }
            #expect(try await bench.advance(to: Bench.start + .days(1)) == 3)
            // As if that had not happened, but for Bob's message.
            for table in ["runs", "timers"] {
                try await bench.change("delete from \(identifier: table)")
                try await bench.change("insert into \(identifier: table) select * from \(identifier: "kept_" + table)")
            }
            let bob = bench.contact("bob").contact
            try await bench.change("update messages set template = 'offer' where contact_id = \(bob)")
            #expect(try await bench.journeys.fireTimers() == 3)
            #expect(try await Self.setAside(bench).count == 1)
            #expect(
                try await bench.runs()
                    == ["onboarding sending later", "onboarding sending later", "onboarding waiting wait 1"])
            #expect(try await bench.journeys.fireTimers() == 0)
        }
    }
}
