import Contracts
@testable import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing
import Transit

/// A broadcast goes to each member of its segment once, whoever walks it and whatever becomes of them.
@Suite struct BroadcastTests {
    private static let once = "{schedule: 2026-03-02T12:00, segment: readers}"

    private struct Rollback: Error {}

    @Test func schedulersSideBySideStartEachMemberOnce() async throws {
        try await Newsroom.with(Self.once) { news in
            try await news.join((0..<300).map { "reader-\($0)" })
            try await news.walk()
            #expect(try await news.broadcasts() == [])
            try await news.step(to: Newsroom.noon)
            let schedulers = [
                try await news.bench.scheduler(), try await news.bench.scheduler(), try await news.bench.scheduler(),
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for scheduler in schedulers {
                    group.addTask {
                        try await scheduler.openBroadcasts()
                        try await eventually("the broadcast is over") {
                            while try await scheduler.walkBroadcast(limit: 7) > 0 {}
                            return try await news.broadcasts().first?.hasPrefix("2026-03-02T12:00 done") == true
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await news.broadcasts() == ["2026-03-02T12:00 done 300 walked 300 entered 0 skipped"])
            #expect(try await news.entered() == 300)
            #expect(try await news.bench.texts("select count(distinct contact_id)::text from messages") == ["300"])
            #expect(try await news.bench.texts("select distinct lane from outbox where queue = 'messages'") == ["bulk"])
            let saw: Query =
                "select distinct concat(saw ->> 'occurrence', ' ', saw ->> 'segment') from decisions where kind = 'entry'"
            #expect(try await news.bench.texts(saw) == ["2026-03-02T12:00 readers"])
        }
    }

    /// What a crash leaves is what a rollback leaves.
    @Test func whoGoesOnAfterACrashLeavesNobodyOut() async throws {
        try await Newsroom.with(Self.once) { news in
            try await news.join((0..<40).map { "reader-\($0)" })
            try await news.step(to: Newsroom.noon)
            try await news.bench.journeys.openBroadcasts()
            for size in [11, 3] as [Int32] {
                _ = try await news.bench.journeys.walkBroadcast(limit: size)
                await #expect(throws: Rollback.self) {
                    try await news.bench.database.pool.withTransaction { session in
                        let batch = JourneyBatch(
                            worker: news.bench.journeys.worker, lane: .bulk,
                            definitions: news.bench.journeys.worker.definitions, machineNow: Bench.start,
                            session: session)
                        #expect(try batch.walk(limit: 9)?.members == 9)
                        throw Rollback()
                    }
                }
            }
            #expect(try await news.entered() == 14)
            try await news.walk()
            #expect(try await news.broadcasts() == ["2026-03-02T12:00 done 40 walked 40 entered 0 skipped"])
            #expect(try await news.entered() == 40)
        }
    }

    /// People come and go, journeys are paused, walkers die: whoever was in the segment all the time gets it once, and who came
    /// later does not.
    @Test func inEveryOrderEachMemberIsReachedOnce() async throws {
        for seed in 0..<6 as Range<UInt64> {
            try await Newsroom.with(Self.once) { news in
                var dice = Scatter(state: seed &* 0x9E37_79B9_7F4A_7C15 &+ 77)
                try await news.join((0..<60).map { "reader-\($0)" })
                try await news.step(to: Newsroom.noon)
                try await news.bench.journeys.openBroadcasts()
                var (left, reachedFirst): (Set<Int>, Set<Int>) = ([], [])
                for turn in 0..<24 {
                    switch dice.below(5) {
                    case 0:
                        let user = dice.below(60)
                        let contact = news.bench.contact("reader-\(user)").contact
                        let isIn = try await news.bench.texts(
                            "select 'yes' from runs where journey = 'news' and contact_id = \(contact)")
                        if !isIn.isEmpty { reachedFirst.insert(user) }
                        left.insert(user)
                        try await news.leave("reader-\(user)")
                    case 1: try await news.join(["late-\(turn)"], at: Newsroom.noon + .seconds(Int64(turn) + 1))
                    case 2:
                        try? await news.bench.database.pool.withTransaction { session in
                            let batch = JourneyBatch(
                                worker: news.bench.journeys.worker, lane: .bulk,
                                definitions: news.bench.journeys.worker.definitions, machineNow: Bench.start,
                                session: session)
                            _ = try batch.walk(limit: 8)
                            throw Rollback()
                        }
                    default: _ = try await news.bench.journeys.walkBroadcast(limit: Int32(1 + dice.below(6)))
                    }
                }
                try await news.walk(limit: 13)
                let reached = try await news.bench.texts("select contact_id::text from runs where journey = 'news'")
                let wanted = (0..<60).filter { !left.contains($0) || reachedFirst.contains($0) }
                    .map { news.bench.contact("reader-\($0)").contact.description }
                #expect(Set(reached) == Set(wanted) && reached.count == wanted.count, "seed \(seed)")
            }
        }
    }

    @Test func oneMailForEachAddress() async throws {
        try await Newsroom.with(Self.once) { news in
            try await news.join(["anne", "bob", "carl"], address: "Home@shop.example")
            try await news.join(["dora"], address: "dora@shop.example")
            try await news.step(to: Newsroom.noon)
            try await news.walk(limit: 2)
            #expect(try await news.entered() == 2)
            let said: Query =
                "select concat(choice, ': ', saw ->> 'why') from decisions where choice <> 'started' order by 1"
            #expect(
                try await news.bench.texts(said) == Array(repeating: "passed over: its address was reached", count: 2))
            let first = try await news.bench.texts(
                """
                select distinct (saw ->> 'by' = (
                    select min(contact_id::text) from contacts where attributes ->> 'email' like 'Home%'))::text
                from decisions where choice = 'passed over'
                """
            )
            #expect(first == ["true"])
            #expect(try await news.broadcasts() == ["2026-03-02T12:00 done 4 walked 2 entered 2 skipped"])
        }
    }

    @Test func whoLeavesTheSegmentIsNotSentIt() async throws {
        try await Newsroom.with(Self.once) { news in
            try await news.join(["anne", "bob", "carl"])
            try await news.step(to: Newsroom.noon)
            try await news.leave("carl")
            try await news.walk()
            #expect(try await news.entered() == 2)
            let contacts = ["anne", "bob"].map { news.bench.contact($0) }
            try await news.leave("anne")
            let (left, handed) = try await news.bench.database.pool.withTransaction { session in
                let epochs = try SendStates.lock(contacts, in: session)
                let due = try Claims.due(
                    of: contacts, epochs: epochs, now: Newsroom.noon, machineNow: Newsroom.noon, in: session)
                try Claims.claim(due.map { ($0, "x@shop.example", .distantFuture) }, under: .random(), in: session)
                let handed = try Claims.hand(due, now: Newsroom.noon, in: session)
                return (
                    due.filter(\.hasLeftSegment).map(\.message.contact),
                    due.filter { handed.contains($0.message.id) }.map(\.message.contact)
                )
            }
            #expect(left == [news.bench.contact("anne")])
            #expect(handed == [news.bench.contact("bob")])
        }
    }

    /// What this build cannot read is no fault of the members, and keeps no other broadcast waiting.
    @Test func aBroadcastThatCannotBeReadIsPutOffWhole() async throws {
        try await Newsroom.with(Self.once) { news in
            try await news.join((0..<5).map { "reader-\($0)" })
            try await news.step(to: Newsroom.noon)
            try await news.bench.journeys.openBroadcasts()
            try await news.bench.change(
                "update journey_versions set revision = revision + 100 where journey = 'receipt'")
            #expect(try await news.bench.journeys.walkBroadcast(limit: 3) == 0)
            #expect(try await news.broadcasts() == ["2026-03-02T12:00 walking 0 walked 0 entered 0 skipped"])
            #expect(try await news.bench.texts("select count(*)::text from set_aside") == ["0"])
            try await news.bench.change(
                "update journey_versions set revision = revision - 100 where journey = 'receipt'")
            #expect(try await news.bench.journeys.walkBroadcast(limit: 3) == 0, "it rests")
            try await news.step(to: Newsroom.noon + .minutes(1))
            try await news.walk(limit: 3)
            #expect(try await news.broadcasts() == ["2026-03-02T12:00 done 5 walked 5 entered 0 skipped"])
        }
    }

    /// A merge moves a membership to a contact whom the walk has passed.
    @Test func aMergeBehindTheWalkLeavesNobodyOut() async throws {
        try await Newsroom.with(Self.once) { news in
            let people = (0..<8).map { "reader-\($0)" }.sorted { news.bench.contact($0) < news.bench.contact($1) }
            let (survivor, merged) = (people[0], people[7])
            try await news.join(people)
            try await news.leave(survivor)
            try await news.step(to: Newsroom.noon)
            try await news.bench.journeys.openBroadcasts()
            _ = try await news.bench.journeys.walkBroadcast(limit: 3)
            let (to, from) = (news.bench.contact(survivor).contact, news.bench.contact(merged).contact)
            try await news.bench.change("update segment_members set contact_id = \(to) where contact_id = \(from)")
            try await news.bench.change("update contacts set merged_into = \(to) where contact_id = \(from)")
            try await news.bench.change(
                """
                insert into merges (
                    workspace_id, contact_id, subject_id, event_at, event_id, from_contact, linked_subject, linked_other,
                    rule, decided_at)
                values (
                    \(news.bench.workspace), \(to), \(from), \(Newsroom.noon), 'm', \(from), \(from), \(to), 'joined',
                    \(Newsroom.noon))
                """)
            try await news.walk(limit: 3)
            #expect(try await news.broadcasts() == ["2026-03-02T12:00 done 7 walked 7 entered 0 skipped"])
            #expect(try await news.bench.texts("select 'yes' from runs where contact_id = \(to)") == ["yes"])
        }
    }
}

/// SplitMix64.
private struct Scatter {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)).multipliedFullWidth(by: UInt64(limit)).high)
    }
}
