import Contracts
import Expressions
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Promise 2: a repeated event changes facts once.
@Suite struct EventLogTests {
    private let anne = contact("anne")
    private let bram = contact("bram")

    @Test func aCopyIsNoNewEventWithinABatchOrLater() async throws {
        try await TestDatabase.with { database in
            let view = event("m-1", of: anne)
            var copy = view
            copy.receivedAt = view.receivedAt + .hours(30)
            copy.name = "Renamed"
            let batch = [view, copy, event("m-2", of: anne), view]
            let first = try await database.pool.withTransaction { try EventLog.append(batch, in: $0) }
            #expect(first == [view, event("m-2", of: anne)])
            let second = try await database.pool.withTransaction { try EventLog.append(batch, in: $0) }
            #expect(second == [])
        }
    }

    @Test func whatTheSameTransactionStoredBeforeIsNotNew() async throws {
        try await TestDatabase.with { database in
            let events = (0..<6).map { event("m-\($0)", of: anne) }
            try await database.pool.withTransaction { session in
                #expect(try EventLog.append(Array(events[..<3]), in: session) == Array(events[..<3]))
                #expect(try EventLog.append(Array(events[1..<5]), in: session) == Array(events[3..<5]))
                #expect(try EventLog.append(events, in: session) == [events[5]])
                #expect(try EventLog.append(events, in: session) == [])
                _ = try session.savepoint {
                    #expect(throws: StoreError.self) {
                        try EventLog.append([events[0], event("m-6", of: anne)], in: session)
                    }
                }
            }
        }
    }

    @Test func theKeyIsSubjectTimeAndID() async throws {
        try await TestDatabase.with { database in
            let elsewhere = contact("anne", in: WorkspaceID(rawValue: 8))
            let events = [
                event("m-1", of: anne), event("m-1", of: bram), event("m-1", of: anne, sent: noon + .seconds(1)),
                event("M-1", of: anne), event("m-1", of: elsewhere),
            ]
            let fresh = try await database.pool.withTransaction { try EventLog.append(events, in: $0) }
            #expect(fresh == events)
        }
    }

    @Test func workersWithTheSameEventsStoreEachOnce() async throws {
        try await TestDatabase.with { database in
            let events = (0..<200).map { event("m-\($0)", of: contact("c\($0 % 20)"), sent: $0 % 3 == 0 ? nil : noon) }
            let fresh = try await withThrowingTaskGroup(of: Int.self) { group in
                for worker in 0..<6 {
                    let order = worker % 2 == 0 ? events : events.reversed()
                    group.addTask { try await self.append(order, to: database.pool) }
                }
                return try await group.reduce(0, +)
            }
            #expect(fresh == 200)
            let stored: Int64 = try await database.pool.withConnection {
                try $0.value("select count(*) from event_log")
            }
            #expect(stored == 200)
        }
    }

    /// Opposite orders may deadlock; the loser begins again, as workers do.
    private func append(_ events: [AcceptedEvent], to pool: PostgresPool) async throws -> Int {
        while true {
            do {
                return try await pool.withTransaction { try EventLog.append(events, in: $0).count }
            } catch let error as PostgresError where error.isSerializationConflict {
                continue
            }
        }
    }

    @Test func anUntimedCopyIsKnownForADay() async throws {
        try await TestDatabase.with { database in
            let first = event("m-1", of: anne, sent: nil, received: noon)
            let copy = event("m-1", of: anne, sent: nil, received: noon + .hours(23))
            let other = event("m-1", of: bram, sent: nil, received: noon)
            let timed = event("m-1", of: anne, sent: noon - .hours(1))
            let fresh = try await database.pool.withTransaction { session in
                let fresh = try EventLog.append([first, first, other, timed], in: session)
                #expect(try EventLog.append([copy], in: session) == [])
                try EventLog.forgetRecentIDs(before: noon, in: session)
                #expect(try EventLog.append([copy], in: session) == [], "received at the instant itself")
                return fresh
            }
            #expect(fresh == [first, other, timed])
            let later = event("m-1", of: anne, sent: nil, received: noon + .hours(25))
            let again = try await database.pool.withTransaction { session in
                try EventLog.forgetRecentIDs(before: noon + .seconds(1), in: session)
                return try EventLog.append([later], in: session)
            }
            #expect(again == [later])
        }
    }

    @Test func historyIsInOrderOfTimeAndIDAndFollowsMerges() async throws {
        try await TestDatabase.with { database in
            let (anne, bram) = (anne, bram)
            try await database.pool.withTransaction { session in
                try session.make([anne, bram])
                _ = try EventLog.append(
                    [
                        event("b", of: anne), event("a", of: anne), event("B", of: bram),
                        event("early", of: bram, sent: noon - .days(1)),
                        event("other", of: anne, name: "Order Completed"),
                    ], in: session)
                _ = try SendStates.lock([anne, bram], in: session)
                try Merging.merge(bram, into: anne, now: noon, in: session)
                let history = try EventLog.history(of: [anne, bram], names: ["Page Viewed"], in: session)
                #expect(history[anne]?.events.map(\.eventID) == ["early", "B", "a", "b"])
                let recent = try EventLog.history(
                    of: [anne], names: ["Order Completed", "Page Viewed"], since: ["Page Viewed": noon], in: session)
                #expect(recent[anne]?.events.map(\.eventID) == ["B", "a", "b", "other"])
                let later = try EventLog.later(
                    than: [anne: HistoryPosition(at: noon, eventID: "a")], names: ["Page Viewed", "Order Completed"],
                    in: session)
                #expect(Set(later.map(\.position.eventID)) == ["b", "other"])
                let owners = Set(
                    try session.query("select contact_id from events").map { try $0[0, as: UniqueID.self] })
                #expect(owners == [anne.contact])
            }
        }
    }

    /// For many at once the planner would rather read the whole log, and a batch would cost the more the longer that is.
    @Test func whatManyHaveDoneIsFoundSubjectBySubject() async throws {
        try await TestDatabase.with { database in
            let contacts = (0..<400).map { contact("\($0)") }
            let live = Int16(AcceptedEvent.Effect.live.rawValue)
            _ = try await database.pool.withTransaction { session in
                try session.execute(
                    """
                    insert into event_log (
                        workspace_id, subject_id, sent_time, event_id, at, received_at, call, trust, effect, name,
                        properties, context)
                    select \(shop), contact, \(noon), number::text, \(noon), \(noon), 1, 1, \(live), 'Page Viewed',
                        '{}', '{}'
                    from unnest(\(contacts.map(\.contact))) contact cross join generate_series(1, 50) number
                    """)
            }
            let looks: [(what: String, look: @Sendable (PostgresSession) throws -> Int)] = [
                ("history", { try EventLog.history(of: contacts, names: ["Page Viewed"], in: $0).count }),
                (
                    "later",
                    { session in
                        let places = contacts.map { ($0, HistoryPosition(at: noon, eventID: "49")) }
                        return try EventLog.later(
                            than: Dictionary(uniqueKeysWithValues: places), names: ["Page Viewed"], in: session
                        ).count / 6
                    }
                ),
                (
                    "events",
                    { session in
                        try Entries.events(
                            contacts.map { Entries.EventKey(subject: $0, at: noon, eventID: "7") }, in: session
                        ).count
                    }
                ),
            ]
            for (what, look) in looks {
                let (found, read) = try await database.pool.withTransaction { session in
                    let found = try look(session)
                    let read: Int64 = try session.value(
                        """
                        select coalesce(sum(seq_tup_read), 0)::bigint from pg_stat_xact_user_tables
                        where relname like 'event_log%'
                        """)
                    return (found, read)
                }
                #expect(found == 400, "\(what)")
                #expect(read == 0, "\(what) has read \(read) rows of the log one by one")
            }
        }
    }

    @Test func thePresentPrefixStopsAtTheFirstGap() async throws {
        try await TestDatabase.with { database in
            let anne = anne
            let present = try await database.pool.withTransaction { session in
                _ = try EventLog.append(
                    [event("1", of: anne), event("2", of: anne), event("4", of: anne)], in: session)
                let keys = ["1", "2", "3", "4"].map {
                    EventLog.Key(anne.workspace, subject: anne.contact, sentTime: noon, eventID: $0)
                }
                return try EventLog.presentPrefix(of: keys, in: session)
            }
            #expect(present == 2)
        }
    }
}
