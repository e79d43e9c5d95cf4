import Contracts
import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Entering again: after an exit, every so often, and never by what was refused.
@Suite struct AgainTests {
    private static var files: [String: String] {
        var files = Shop.files
        files["journeys/club.yaml"] = """
            journey: club
            enter: {event: Joined, again: after-exit}
            goal: {when: run.did("Left")}
            steps: [{wait: 10d}]
            """
        files["journeys/buyer.yaml"] = """
            journey: buyer
            enter: {event: Bought, again: after-exit}
            goal: {when: run.did("Bought")}
            steps: [{wait: 10d}]
            """
        files["journeys/monthly.yaml"] = """
            journey: monthly
            enter: {event: Invoiced, again: {every: 30d}}
            steps: [{wait: 1h}]
            """
        files["journeys/lost.yaml"] = """
            journey: lost
            enter: {left: vip, again: per-entry}
            steps: [{wait: 10d}]
            """
        files["journeys/party.yaml"] = """
            journey: party
            enter: {date: contact.birthday, yearly: true, when: '!did("Page Viewed")'}
            steps: [{wait: 1d}]
            """
        for name in ["one", "two"] {
            files["journeys/\(name).yaml"] = """
                journey: \(name)
                enter: {event: Asked, again: per-key, key: event.id}
                steps: [{email: thanks, step: \(name), once: true}]
                """
        }
        files["journeys/first.yaml"] = """
            journey: first
            enter: {event: Tried, again: after-exit}
            steps:
              - set: {plan: pro, trials: 3, gone: null}
              - stage: think
              - start: second
            """
        files["journeys/second.yaml"] = """
            journey: second
            enter: {called: true}
            steps: [{wait: 1d}]
            """
        return files
    }

    private static func with(_ body: (Bench) async throws -> Void) async throws {
        try await Bench.with { bench in
            try await Bench.apply(files, to: bench.database)
            try await body(bench)
        }
    }

    private static func at(_ hours: Int64) -> Timestamp { Bench.start + .hours(hours) }

    @Test func whatWasRefusedStaysRefused() async throws {
        try await Self.with { bench in
            try await bench.hears("Joined", "1", at: Self.at(0))
            let refused = try await bench.happens("Joined", "2", at: Self.at(1))
            try await bench.act(on: refused)
            #expect(try await bench.texts("select refused_event_id from runs") == ["2"])
            try await bench.hears("Left", "l", at: Self.at(2))
            try await bench.act(on: refused)
            #expect(try await bench.runs() == ["club converted"])
            try await bench.hears("Joined", "3", at: Self.at(3))
            #expect(try await bench.runs() == ["club converted", "club waiting wait 1"])
            // A late one, of before the run that is under way.
            try await bench.hears("Joined", "late", at: Self.at(2))
            try await bench.advance(to: Self.at(300))
            try await bench.act(on: refused)
            #expect(try await bench.texts("select entry_key from runs order by 1") == ["1", "3"])
        }
    }

    @Test func whatEndsARunBeginsTheNextInOneBatch() async throws {
        try await Self.with { bench in
            let first = try await bench.happens("Bought", "1", at: Self.at(0))
            try await bench.act(on: first)
            let second = try await bench.happens("Bought", "2", at: Self.at(1))
            try await bench.act(on: first, second, second)
            #expect(try await bench.runs() == ["buyer converted", "buyer waiting wait 1"])
            #expect(try await bench.texts("select entry_key from runs where ended_at is null") == ["2"])
        }
    }

    @Test func everySoOften() async throws {
        try await Self.with { bench in
            for (index, day) in [0, 20, 30, 59, 60].enumerated() {
                let at = Bench.start + .days(Int64(day))
                let signal = try await bench.happens("Invoiced", "\(index + 1)", at: at)
                try await bench.act(on: signal, signal)
                try await bench.advance(to: at + .hours(1))
                try await bench.act(on: signal)
            }
            #expect(try await bench.texts("select entry_key from runs order by 1") == ["1", "3", "5"])
        }
    }

    /// Four schedulers hear of the same in different orders, with what ends the runs in between, and then of all once more.
    @Test func manySchedulersTakeOneEntryAtATime() async throws {
        try await Self.with { bench in
            let users = (0..<20).map { "user \($0)" }
            var signals: [Signal] = []
            for (index, name) in ["Joined", "Joined", "Left", "Joined"].enumerated() {
                for user in users {
                    signals.append(try await bench.happens(name, "\(index)", to: user, at: Self.at(Int64(index))))
                }
            }
            let same = signals
            try await withThrowingTaskGroup(of: Void.self) { schedulers in
                for number in 0..<4 {
                    let scheduler = try await bench.scheduler()
                    let order = number.isMultiple(of: 2) ? same : same.reversed()
                    schedulers.addTask {
                        for start in stride(from: 0, to: order.count, by: 10) {
                            try await scheduler.apply(order[start..<start + 10], arriving: [], lane: .live)
                        }
                    }
                }
                try await schedulers.waitForAll()
            }
            let open: Query = """
                select count(*)::text from runs where ended_at is null group by contact_id having count(*) > 1
                """
            #expect(try await bench.texts(open).isEmpty)
            let runs = try await bench.texts("select entry_key from runs order by contact_id, 1")
            try await bench.advance(to: Self.at(500))
            for start in stride(from: 0, to: same.count, by: 20) {
                try await bench.journeys.apply(same[start..<start + 20], arriving: [], lane: .live)
            }
            #expect(try await bench.texts("select entry_key from runs order by contact_id, 1") == runs)
        }
    }

    @Test func eachDateStartsARun() async throws {
        try await Self.with { bench in
            var signal = try await bench.happens("Bought", "b")
            for key in ["2026-03-12", "2026-03-12", "2027-03-12"] {
                signal.cause = .date(journey: "party", key: key)
                try await bench.act(on: signal, signal)
            }
            signal.cause = .date(journey: "gone", key: "2027-03-12")
            try await bench.act(on: signal)
            #expect(try await bench.texts("select entry_key from runs order by 1") == ["2026-03-12", "2027-03-12"])
            #expect(
                try await bench.texts("select distinct saw ->> 'date' from decisions where kind = 'entry'")
                    == ["contact.birthday"])
            var other = try await bench.happens("Page Viewed", "p", to: "bob")
            other.cause = .date(journey: "party", key: "2026-03-12")
            try await bench.act(on: other)
            #expect(try await bench.texts("select count(*)::text from runs") == ["2"], "bob does not fit")
        }
    }

    /// What a step changes is told once, however often its run is looked at or its signal comes.
    @Test func changesAreToldOnce() async throws {
        try await Self.with { bench in
            let signal = try await bench.happens("Tried", "t", at: Self.at(0))
            try await bench.act(on: signal, signal)
            try await bench.act(on: signal)
            let bodies = try await bench.database.pool.withTransaction { session in
                try session.query("select queue, body from outbox order by queue, created_at").map { row in
                    (try row[0, as: String.self], try row[1, as: [UInt8].self])
                }
            }
            #expect(bodies.map(\.0) == ["events", "signals"])
            let events = try EventBatch(decoding: bodies[0].1).events
            #expect(events.map(\.name) == [EventNames.identified, EventNames.stageGiven])
            #expect(events.map(\.subjectKey) == [bench.contact("anne"), bench.contact("anne")])
            #expect(
                String(decoding: events[0].properties, as: UTF8.self) == #"{"gone":null,"plan":"pro","trials":3}"#)
            #expect(Set(events.map(\.eventID)).count == 2)
            let calls = try SignalBatch(decoding: bodies[1].1).signals
            try await bench.journeys.apply((calls + calls)[...], arriving: [], lane: .live)
            try await bench.journeys.apply(calls[...], arriving: [], lane: .live)
            #expect(try await bench.runs() == ["first finished", "second waiting wait 1"])
            try await bench.hears("Tried", "u", at: Self.at(1))
            let again = try await bench.database.pool.withTransaction { session in
                try session.query("select body from outbox where queue = 'signals'").flatMap { row in
                    try SignalBatch(decoding: try row[0, as: [UInt8].self]).signals
                }
            }
            #expect(again.count == 2 && Set(again.map(\.cause)).count == 2)
            try await bench.journeys.apply(again[...], arriving: [], lane: .live)
            #expect(try await bench.texts("select count(*)::text from runs where journey = 'second'") == ["2"])
        }
    }

    @Test func nobodyGetsAMailTwiceThatGoesOnce() async throws {
        try await Self.with { bench in
            try await bench.hears("Asked", "1", at: Self.at(0))
            #expect(try await bench.messages() == ["one one planned"], "both journeys would in one batch")
            #expect(try await bench.runs() == ["one sending one", "two finished"])
            try await bench.sendPlanned(to: "anne")
            try await bench.advance(to: Self.at(1))
            try await bench.hears("Asked", "2", at: Self.at(1))
            #expect(try await bench.messages() == ["one one accepted"])
            #expect(
                try await bench.texts("select count(*)::text from decisions where choice = 'had before'") == ["3"])
        }
    }

    @Test func leavingASegmentStartsARunForEachTime() async throws {
        try await Self.with { bench in
            var signal = try await bench.happens("Page Viewed", "p")
            for (ordinal, isBackfill) in [(1, false), (1, false), (2, true), (3, false)] as [(Int32, Bool)] {
                signal.cause = .left(segment: "vip", ordinal: ordinal, isBackfill: isBackfill)
                try await bench.act(on: signal, signal)
            }
            signal.cause = .left(segment: "vip")
            try await bench.act(on: signal)
            #expect(try await bench.texts("select entry_key from runs order by 1") == ["left 1", "left 3"])
            #expect(
                try await bench.texts("select distinct saw ->> 'left' from decisions where kind = 'entry'") == ["vip"])
        }
    }
}

extension AcceptedEvent {
    fileprivate var subjectKey: ContactKey { ContactKey(workspace: workspace, contact: subjectID) }
}
