import Contracts
import Model
import Postgres
import Store
import Testing
import TestSupport

@testable import Audience

/// Facts are the same before and after events have left the log.
@Suite struct LogLeavingTests {
    private static let visitor = Identity(.anonymous, "visitor")
    private static let hour: Int64 = 60
    /// Minutes from March to June.
    private static let june: Int64 = 90 * 24 * 60

    private static func order(
        _ bench: Bench, _ id: String, of kind: Identity.Kind = .user, _ value: String = "anne", minute: Int64,
        _ revenue: JSON
    ) -> AcceptedEvent {
        bench.event("Order Completed", id, of: kind, value, minute: minute, .object(["revenue": revenue, "a": 1]))
    }

    /// What two people who are one did in March and in June.
    private static func bring(_ bench: Bench) async throws {
        for number: Int64 in 0..<6 {
            let at = number * 7 * hour
            try await bench.apply(
                bench.event("Page Viewed", "p\(number)", minute: at),
                bench.event("Page Viewed", "v\(number)", of: .anonymous, "visitor", minute: at + hour),
                bench.event("Form Submitted", "f\(number)", of: .anonymous, "visitor", minute: at + 2),
                order(bench, "o\(number)", minute: at + 3, .double(0.1 * Double(number + 1))),
                order(bench, "q\(number)", of: .anonymous, "visitor", minute: at + 4, .double(33.3)))
        }
        try await bench.apply(
            order(bench, "text", minute: 9, .string("12")), order(bench, "whole", minute: 10, .int(20)),
            bench.event("Refund Asked", "r", minute: 11))
    }

    private static func bringJune(_ bench: Bench) async throws {
        try await bench.apply(
            bench.event("Page Viewed", "june", minute: june), order(bench, "june o", minute: june + 1, .double(0.2)),
            bench.event("Page Viewed", "june v", of: .anonymous, "visitor", minute: june + 2))
    }

    /// What comes afterwards, with and without the events of March in the log: they merge, objection begins and ends.
    private static func after(_ bench: Bench) async throws -> [[String]] {
        try await bringJune(bench)
        var found = [try await bench.facts(.user, "anne"), try await bench.facts(.anonymous, "visitor")]
        try await bench.apply(bench.identify("link", minute: june + 5, aliases: [visitor]))
        found.append(try await bench.facts(.user, "anne"))
        try await bench.apply(
            bench.consent("no", to: "profiling", minute: june + 6, name: EventNames.consentWithdrawn))
        found.append(try await bench.facts(.user, "anne"))
        try await bench.apply(bench.consent("yes", to: "profiling", minute: june + 7))
        found.append(try await bench.facts(.user, "anne"))
        try await bench.apply(bench.event("Page Viewed", "last", minute: june + 8))
        found.append(try await bench.facts(.user, "anne"))
        return found
    }

    @Test func factsAreAsIfNothingHadLeft() async throws {
        var found: [[[String]]] = []
        for leaves in [false, true] {
            try await Bench.with(LogShop.files) { bench in
                try await Self.bring(bench)
                if leaves { try await bench.letMarchLeave() } else { try await bench.move(to: LogShop.now) }
                #expect(try await bench.count("select count(*) from event_log") == (leaves ? 0 : 33))
                found.append(try await Self.after(bench))
            }
        }
        #expect(found[0].count == 6)
        for (kept, left) in zip(found[0], found[1]) { #expect(kept == left) }
        // Merged: 14 orders in March, one in June, and no more than seven pages count.
        let merged = found[1][2]
        #expect(merged.contains(#"count("Order Completed"): 15"#), "\(merged)")
        #expect(merged.contains { $0.hasPrefix("attention|0|0|[[") })
        #expect(found[1][3].contains { $0.hasPrefix("attention") } == false, "who objects has no points")
        #expect(found[1][4].contains { $0.hasPrefix("loyalty|") }, "and has them again afterwards")
    }

    /// Slice by slice, some of which never commit: at every moment the facts are what they were.
    @Test func theyAreTheSameAtEveryMomentWhoeverIsKilled() async throws {
        try await Bench.with(LogShop.files) { bench in
            try await Self.bring(bench)
            let before = [try await bench.facts(.user, "anne"), try await bench.facts(.anonymous, "visitor")]
            try await bench.sealMarch()
            var events = try await bench.count("select count(*) from event_log")
            var slices = 0
            while true {
                _ = try await bench.fold(4, isKilled: true)
                #expect(try await bench.count("select count(*) from event_log") == events)
                guard case .folded(let count) = try await bench.fold(4) else { break }
                events -= Int64(count)
                slices += 1
                #expect(try await [bench.facts(.user, "anne"), bench.facts(.anonymous, "visitor")] == before)
            }
            #expect(events == 0 && slices == 9)
            let keeper = try await bench.keeper()
            #expect(try await keeper.fold(), "the empty part goes")
            #expect(try await !keeper.fold())
            #expect(try await [bench.facts(.user, "anne"), bench.facts(.anonymous, "visitor")] == before)
            let oldest = try await bench.texts("select name from event_partitions order by 1").first
            #expect(oldest == "event_log_to_20260501")
        }
    }

    /// New rules begin with the log; those before them would have what they gave.
    @Test func newRulesBeginWithTheLog() async throws {
        try await Bench.with(LogShop.files) { bench in
            try await Self.bring(bench)
            try await bench.letMarchLeave()
            let before = try await bench.facts(.user, "anne")
            var files = LogShop.files
            files["scores.yaml"] = files["scores.yaml"]?.replacing("points: 2.5", with: "points: 3")
            try await bench.redefine(files)
            try await bench.apply(Self.order(bench, "new", minute: Self.june, .int(5)))
            let sums = try await bench.facts(.user, "anne").filter { $0.hasPrefix("loyalty") }
            #expect(sums == ["loyalty|0|3000"])
            #expect(before.filter { $0.hasPrefix("loyalty") } == ["loyalty|0|2500"])
        }
    }

    @Test func erasureTakesWhatIsCarriedToo() async throws {
        try await Bench.with(LogShop.files) { bench in
            try await Self.bring(bench)
            try await bench.letMarchLeave()
            let key = bench.contact(.user, "anne")
            for table in ["event_totals", "carried_scores", "carried_counts"] {
                let query = Query("select count(*) from \(identifier: table) where subject_id = \(key.contact)")
                #expect(try await bench.count(query) > 0, "\(table)")
            }
            _ = try await bench.database.pool.withTransaction { session in
                try Erasures.begin(
                    with: key, by: Bench.erasureKey, askedBy: "test", id: .random(), now: LogShop.now, in: session)
            }
            for table in ["event_totals", "carried_scores", "carried_counts"] {
                let query = Query("select count(*) from \(identifier: table) where subject_id = \(key.contact)")
                #expect(try await bench.count(query) == 0, "\(table)")
            }
            #expect(try await bench.count("select count(*) from event_totals") == 3, "the visitor's are another's")
        }
    }
}

/// Late events, and those of clocks that are far behind or ahead.
@Suite struct OddTimeTests {
    @Test func whatWasSentBeforeTheHorizonIsSetAside() async throws {
        try await Bench.with(LogShop.files) { bench in
            try await bench.apply(bench.event("Page Viewed", "1"))
            try await bench.letMarchLeave()
            let late = bench.event("Page Viewed", "late", minute: 5)
            let fresh = bench.event("Page Viewed", "fresh", minute: 90 * 24 * 60)
            for _ in 0..<2 { try await bench.apply(bench.event("Page Viewed", "1"), late, fresh) }
            #expect(try await bench.texts("select event_id from event_log") == ["fresh"])
            let items = try await bench.database.pool.withTransaction { try SetAside.list(all: true, in: $0) }
            #expect(items.count == 2 && items.allSatisfy { $0.attempts == 2 })
            #expect(Set(items.map { SetAside.ReasonClass(reason: $0.reason) }) == [.pastRetention])
            let reason = "past-retention: sent at 2026-03-02T09:05:00Z, and the log goes back to 2026-04-01T00:00:00Z"
            #expect(items.contains { $0.reason == reason })
            let bodies = try items.map { try EventBatch(decoding: $0.body).events }
            #expect(bodies.contains([late]))
            #expect(try await bench.facts(.user, "anne").contains(#"count("Page Viewed"): 2"#))
        }
    }

    /// What an import brought without a time is known by its row, before a part leaves and after.
    @Test func importsWithoutTimesStay() async throws {
        try await Bench.with(LogShop.files) { bench in
            var row = bench.event("Page Viewed", "row 1", effect: .history)
            row.sentTime = EventRetention.untimed
            try await bench.apply(row, bench.event("Page Viewed", "1"))
            try await bench.letMarchLeave()
            (row.at, row.receivedAt) = (LogShop.now, LogShop.now)
            var other = row
            other.eventID = "row 2"
            try await bench.apply(row, other)
            let places = try await bench.texts("select event_id || ' ' || tableoid::regclass from event_log order by 1")
            #expect(places == ["row 1 event_log_untimed", "row 2 event_log_untimed"])
            #expect(try await bench.facts(.user, "anne").contains(#"count("Page Viewed"): 3"#))
        }
    }

    /// The corrected time says that it is young: the sender's own is worth nothing.
    @Test func aClockFarBehindGivesNoTimestamp() async throws {
        try await Bench.with(LogShop.files) { bench in
            try await bench.apply(bench.event("Page Viewed", "1"))
            try await bench.letMarchLeave()
            var slow = bench.event("Page Viewed", "slow", minute: 7)
            (slow.at, slow.receivedAt) = (LogShop.now - .minutes(1), LogShop.now)
            try await bench.apply(slow, bench.event("Page Viewed", "other", minute: 90 * 24 * 60))
            slow.receivedAt = LogShop.now + .minutes(3)
            try await bench.apply(slow)
            #expect(try await bench.texts("select event_id from event_log order by 1") == ["other", "slow"])
            #expect(try await bench.count("select count(*) from set_aside") == 0)
        }
    }

    /// As late as it comes, and as early: in its place, as long as the log goes there.
    @Test func lateAndEarlyEventsCountInTheirPlace() async throws {
        try await Bench.with(LogShop.files) { bench in
            let keeper = try await bench.keeper()
            try await keeper.extend()
            try await bench.move(to: LogShop.now)
            try await keeper.extend()
            let year: Int64 = 365 * 24 * 60
            try await bench.apply(
                bench.event("Page Viewed", "late"), bench.event("Page Viewed", "early", minute: 3 * year))
            #expect(
                try await bench.texts("select event_id || ' ' || tableoid::regclass from event_log order by 1") == [
                    "early event_log_default", "late event_log_to_20270101",
                ])
            let facts = try await bench.facts(.user, "anne")
            #expect(facts.contains(#"count("Page Viewed"): 2"#))
        }
    }
}
