import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

/// Erasure erases, and nothing of before comes back.
@Suite struct ErasureTests {
    private static let start = Bench.start
    private static let visitor = Identity(.anonymous, "anne-device-7")
    /// Everything by which she could be found.
    private static let words = ["anne-4711", "anne-device-7", "anne@private.example", "Annelies", "pumps"]

    /// What Anne did, and with her somebody who has nothing to do with it.
    private static func story(_ bench: Bench) -> [AcceptedEvent] {
        [
            bench.event("Form Submitted", "f", of: .anonymous, "anne-device-7", .object(["what": "pumps"])),
            bench.identify(
                "i", of: .user, "anne-4711", minute: 1, aliases: [visitor, Identity(.email, "anne@private.example")],
                traits: ["name": "Annelies", "email": "Anne@Private.example"]),
            bench.consent("c", of: "anne-4711", at: "anne@private.example", minute: 2),
            bench.event("Order Completed", "o1", of: .user, "anne-4711", minute: 3),
            bench.event("Order Completed", "o2", of: .user, "anne-4711", minute: 4),
            bench.event("Page Viewed", "p", of: .user, "anne-4711", minute: 5, timed: false),
            bench.event(
                EventNames.grouped, "g", of: .user, "anne-4711", minute: 6, call: .group, .object(["group_id": "acme"])),
            bench.event("Page Viewed", "bob", of: .user, "bob", minute: 1),
        ]
    }

    private static func erase(
        _ bench: Bench, passing: @escaping @Sendable (String) throws -> Void = { _ in }
    ) async throws -> Erasures.Pending {
        let anne = bench.contact(.user, "anne-4711")
        return try await bench.database.pool.withTransaction { session in
            try Standing.cell.take(in: session)
            return try Erasures.begin(
                with: anne, by: Bench.erasureKey, askedBy: "test", id: .derived("erasure"), now: Self.start + .hours(1),
                in: session, passing: passing)
        }
    }

    private static func finish(_ bench: Bench) async throws -> [Erasures.Pending] {
        let workspace = bench.workspace
        return try await bench.database.pool.withTransaction { session in
            try Standing.cell.take(in: session)
            return try Erasures.unfinished(in: workspace, session: session).map { pending in
                var pending = pending
                for shelf in Erasures.Shelf.allCases {
                    var place: UniqueID?
                    repeat {
                        place = try Erasures.sweep(shelf, behind: place, limit: 2, &pending, in: session)
                    } while place != nil
                }
                try Erasures.finish(pending, now: Self.start + .hours(1), in: session)
                return pending
            }
        }
    }

    /// Where one of her words or ids still stands, in whichever table, as text or within bytes.
    private static func traces(_ bench: Bench) async throws -> [String] {
        let ids = [Identity(.user, "anne-4711"), visitor, Identity(.email, "anne@private.example")].map {
            $0.subjectID(in: bench.workspace).description
        }
        let hex = words.map { word in word.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
        let raw = ids.map { $0.replacing("-", with: "") }
        return try await bench.database.pool.withTransaction { session in
            let tables = try session.query(
                """
                select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace
                    and c.relkind in ('r', 'p') and not c.relispartition
                """
            ).map { try $0[0, as: String.self] }
            return try tables.flatMap { table in
                try session.query("select t::text from \(identifier: table) t").compactMap { row in
                    let text = try row[0, as: String.self].lowercased()
                    let found = (words.map { $0.lowercased() } + ids + hex + raw).first { text.contains($0) }
                    return found.map { "\(table): \($0)" }
                }
            }
        }
    }

    @Test func nothingIsLeftAnywhere() async throws {
        try await Bench.with { bench in
            let writer = Self.story(bench)
            for event in writer { try await bench.apply(event) }
            try await Self.shelve(writer, bench)
            #expect(try await Self.traces(bench).count > 10)
            let pending = try await Self.erase(bench)
            #expect(pending.removed["contacts"] == 3)
            #expect(pending.removed["event_log"] == 7)
            #expect(try await Self.finish(bench).count == 1)
            #expect(try await Self.traces(bench) == [])
            #expect(try await bench.texts("select name from event_log") == ["Page Viewed"])
            let account = try await bench.texts("select removed ->> 'event_log' from erasures where pending is null")
            #expect(account == ["7"])
            // What waits of others is still there.
            let kept = try await bench.texts("select queue from set_aside order by 1")
            #expect(kept == ["events", "events"])
            #expect(try await Self.finish(bench).isEmpty)
        }
    }

    /// Set aside and waiting: a body of hers, one of hers and Bob's, one that cannot be read, one of Bob's.
    private static func shelve(_ events: [AcceptedEvent], _ bench: Bench) async throws {
        let bob = events.last!
        var unreadable = EventBatch(id: .random(), events: [events[1]]).encoded
        unreadable[2] = 99
        var bobs = EventBatch(id: .random(), events: [bob]).encoded
        bobs[2] = 98
        let bodies = [
            EventBatch(id: .random(), events: [events[0]]).encoded,
            EventBatch(id: .random(), events: [events[1], bob]).encoded, unreadable, bobs,
        ]
        let signals = SignalBatch(
            id: .random(),
            signals: [
                Signal(
                    contact: bench.contact(.user, "anne-4711"), cause: .event, at: start, eventID: "o1",
                    subject: bench.contact(.user, "anne-4711").contact, name: "Order Completed")
            ])
        try await bench.database.pool.withTransaction { session in
            try SetAside.add(
                bodies.enumerated().map { index, body in
                    SetAside.Item(
                        id: .derived("item", "\(index)"), queue: "events", lane: "live", reason: "test", body: body,
                        attempts: 1, setAsideAt: start)
                }, in: session)
            try Outbox.add(
                [Outbox.Row(id: signals.id, queue: "signals", lane: "live", body: signals.encoded)], clock: .real,
                machineNow: start, in: session)
        }
    }

    /// A store that was restored to a time before knows her, and nothing of the erasure; the record of it does.
    @Test func whoIsBackByARestoreIsErasedAgain() async throws {
        try await Bench.with { after in
            for event in Self.story(after) { try await after.apply(event) }
            let record = try #require(try await Self.erase(after).record)
            try await Bench.with { before in try await Self.eraseAgain(by: record, before) }
        }
    }

    private static func eraseAgain(by record: ErasureRecord, _ before: Bench) async throws {
        let repeated = Self.story(before)
        for event in repeated { try await before.apply(event) }
        #expect(try await Self.back(by: record, before) == [before.contact(.user, "anne-4711")])
        try await before.database.pool.withTransaction { session in
            try Standing.cell.take(in: session)
            try Erasures.recall(record, by: Bench.erasureKey, in: session)
        }
        _ = try await Self.erase(before)
        _ = try await Self.finish(before)
        #expect(try await Self.traces(before) == [])
        // What is repeated brings nothing back, and who comes afterwards is nobody of before.
        for event in repeated { try await before.apply(event) }
        #expect(try await Self.traces(before) == [])
        try await before.apply(before.event("Order Completed", "new", of: .user, "anne-4711", minute: 120))
        #expect(try await before.texts("select event_id from event_log order by 1") == ["bob", "new"])
    }

    private static func back(by record: ErasureRecord, _ bench: Bench) async throws -> [ContactKey] {
        let workspace = bench.workspace
        return try await bench.database.pool.withTransaction { session in
            try Standing.cell.take(in: session)
            var found: Set<ContactKey> = []
            var place: UniqueID?
            repeat {
                let page = try Erasures.returned(
                    of: [record], in: workspace, by: Bench.erasureKey, behind: place, limit: 2, session: session)
                found.formUnion(page.found.keys)
                place = page.next
            } while place != nil
            return Array(found)
        }
    }

    struct Killed: Error {}

    /// Killed after any of its tables nothing has happened; given again it comes to the same.
    @Test func itMayBeKilledAfterAnyTable() async throws {
        try await Bench.with { bench in
            for event in Self.story(bench) { try await bench.apply(event) }
            let before = try await bench.snapshot()
            let tables = try await bench.texts(
                """
                select distinct table_name::text from information_schema.columns
                where column_name = 'contact_id' and table_name in (select tablename from pg_tables)
                """)
            #expect(tables.count > 10)
            for table in tables + ["event_log", "erasures"] {
                await #expect(throws: Killed.self) {
                    _ = try await Self.erase(bench) { if $0 == table { throw Killed() } }
                }
                #expect(try await bench.snapshot() == before)
            }
            _ = try await Self.erase(bench)
            // Killed here, it is found by the next who asks.
            #expect(try await Self.finish(bench).map(\.erasedAt) == [Self.start + .hours(1)])
            #expect(try await Self.traces(bench) == [])
        }
    }

    @Test func whatWasBeforeDoesNotComeBackAndSheMay() async throws {
        try await Bench.with { bench in
            let story = Self.story(bench)
            for event in story { try await bench.apply(event) }
            _ = try await Self.erase(bench)
            _ = try await Self.finish(bench)
            for event in story.dropLast() { try await bench.apply(event) }
            // A clock that runs ahead, and one whose event comes late.
            var early = bench.event("Page Viewed", "ahead", of: .user, "anne-4711", minute: 90)
            early.receivedAt = Self.start + .minutes(59)
            var late = bench.event("Page Viewed", "late", of: .user, "anne-4711", minute: 59)
            late.receivedAt = Self.start + .hours(3)
            var said = bench.event("Email Clicked", "click", minute: 120, trust: .system)
            said.subject = .id(bench.contact(.user, "anne-4711").contact)
            try await bench.apply(early, late, said)
            #expect(try await Self.traces(bench) == [])

            try await bench.apply(
                bench.event("Page Viewed", "back", of: .user, "anne-4711", minute: 100, aliases: [Self.visitor]))
            #expect(try await bench.texts("select event_id from event_log order by 1") == ["back", "bob"])
            let anne = bench.contact(.user, "anne-4711")
            #expect(try await bench.survivor(.anonymous, "anne-device-7") == anne)
            #expect(try await bench.state(.user, "anne-4711")?.attributes == [:])
            // Now that she is there again the old ones still are nobody's, alone and beside new ones.
            for event in story.dropLast() { try await bench.apply(event) }
            try await bench.apply(late, bench.event("Page Viewed", "more", of: .user, "anne-4711", minute: 101))
            #expect(try await bench.texts("select event_id from event_log order by 1") == ["back", "bob", "more"])
        }
    }

    /// Somebody else's event of before the erasure does not bring her name back.
    @Test func aLinkOfBeforeIsForgotten() async throws {
        try await Bench.with { bench in
            for event in Self.story(bench) { try await bench.apply(event) }
            _ = try await Self.erase(bench)
            _ = try await Self.finish(bench)
            try await bench.apply(bench.identify("l", of: .user, "bob", minute: 9, aliases: [Self.visitor]))
            #expect(try await Self.traces(bench) == [])
            try await bench.apply(bench.identify("m", of: .user, "bob", minute: 99, aliases: [Self.visitor]))
            #expect(try await bench.survivor(.anonymous, "anne-device-7") == bench.contact(.user, "bob"))
        }
    }

    @Test func whoHasNotTheKeyTakesInNobody() async throws {
        try await Bench.with { bench in
            for event in Self.story(bench) { try await bench.apply(event) }
            _ = try await Self.erase(bench)
            for key in [nil, ErasureKey("another secret of 16")] {
                let pool = bench.database.pool
                await #expect(throws: StoreError.self) {
                    _ = try await pool.withTransaction {
                        try Tombstones.of([bench.contact(.user, "x")], by: key, in: $0)
                    }
                }
            }
        }
    }
}

/// Whoever objects to profiling has no scores, whatever comes when.
@Suite struct ObjectionTests {
    private static func events(_ bench: Bench) -> [AcceptedEvent] {
        [
            bench.event("Form Submitted", "f", minute: 0),
            bench.consent("no", to: EventNames.profilingTopic, minute: 10, name: EventNames.consentWithdrawn),
            bench.event("Page Viewed", "p", minute: 20),
            bench.consent("yes", to: EventNames.profilingTopic, minute: 30),
            bench.event("Page Viewed", "q", of: .anonymous, "visitor", minute: 40),
            bench.identify("link", minute: 50, aliases: [Identity(.anonymous, "visitor")]),
        ]
    }

    private static func points(_ bench: Bench) async throws -> [String] {
        try await bench.texts("select model || ' ' || amount from scores where amount <> 0 order by 1")
    }

    /// The points of some of the events where nobody ever objected.
    private static func expected(_ indices: [Int]) async throws -> [String] {
        var expected: [String] = []
        try await Bench.with { bench in
            let events = events(bench)
            for index in indices { try await bench.apply(events[index]) }
            expected = try await points(bench)
        }
        return expected
    }

    private static func objects(_ bench: Bench) async throws -> Bool? { try await bench.state(.user, "anne")?.objects }

    @Test func anObjectionTakesTheScoresAndItsEndBringsThemBack() async throws {
        let expected = try await Self.expected([0, 2])
        try await Bench.with { bench in
            let events = Self.events(bench)
            try await bench.apply(events[0])
            #expect(try await Self.points(bench).count == 1)
            try await bench.apply(events[1], events[2])
            #expect(try await Self.points(bench).isEmpty)
            #expect(try await Self.objects(bench) == true)
            try await bench.apply(events[3])
            let back = try await Self.points(bench)
            #expect(try await Self.objects(bench) == false)
            #expect(back == expected)
        }
    }

    /// Every order comes to the same scores, with the end of the objection and without.
    @Test(arguments: [
        [0, 1, 2, 3, 4, 5], [1, 0, 2, 4, 5], [4, 5, 1, 2, 0], [5, 4, 3, 2, 1, 0], [3, 4, 2, 0, 5, 1],
    ])
    func theOrderDoesNotMatter(order: [Int]) async throws {
        let expected = try await Self.expected([0, 2, 4, 5])
        try await Bench.with { bench in
            let events = Self.events(bench)
            for index in order { try await bench.apply(events[index]) }
            let ends = order.contains(3)
            #expect(try await Self.objects(bench) == !ends)
            #expect(try await Self.points(bench) == (ends ? expected : []))
        }
    }

    /// An objection of the one holds for both who merge.
    @Test func itIsKeptAcrossMerges() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.event("Form Submitted", "f", minute: 0),
                bench.event("Form Submitted", "g", of: .anonymous, "visitor", minute: 1),
                bench.event(
                    EventNames.consentWithdrawn, "no", of: .anonymous, "visitor", minute: 2,
                    .object(["topic": .string(EventNames.profilingTopic)])))
            #expect(try await Self.points(bench).count == 1)
            try await bench.apply(bench.identify("link", minute: 3, aliases: [Identity(.anonymous, "visitor")]))
            #expect(try await Self.points(bench).isEmpty)
            #expect(try await Self.objects(bench) == true)
        }
    }
}
