import Contracts
import Model
import Postgres
import Store
import TestSupport
import Testing

/// The parts of the log: made by many at once, in nobody's way, sealed and dropped.
@Suite struct EventPartitionTests {
    /// Makes what is missing, by months; asks again where it was in somebody's way.
    private static func extend(_ pool: PostgresPool) async throws -> [String] {
        var made: [String] = []
        while true {
            do {
                let part = try await pool.withTransaction {
                    try EventPartitions.extend(now: DomainClock.read(in: $0), months: 1, in: $0)
                }
                guard let part else { return made }
                made.append(part)
            } catch let error as PostgresError where error.isTransient {
                continue
            }
        }
    }

    private static func append(_ events: AcceptedEvent..., to pool: PostgresPool) async throws {
        _ = try await pool.withTransaction(statementTimeout: .seconds(20)) { try EventLog.append(events, in: $0) }
    }

    private static func places(_ pool: PostgresPool) async throws -> [String] {
        try await pool.withConnection { session in
            try session.query("select event_id || ' ' || tableoid::regclass from event_log order by event_id").map {
                try $0[0, as: String.self]
            }
        }
    }

    private static func step(_ database: TestDatabase, to time: String) async throws {
        try await database.pool.withTransaction { try DomainClock.step(to: Timestamp(iso8601: time)!, in: $0) }
    }

    @Test func severalProcessesMakeEachPartOnceWhileEventsCome() async throws {
        try await TestDatabase.with(clock: .stepped(at: noon)) { database in
            let (anne, pool) = (contact("anne"), database.pool)
            try await Self.append(
                event("1 old", of: anne, sent: noon - .days(400)), event("2 now", of: anne),
                event("3 next", of: anne, sent: noon + .days(35)), event("4 far", of: anne, sent: noon + .days(400)),
                to: pool)
            let scoring = try (0..<4).map { _ in try database.pool(connections: 1, as: "scoring") }
            let made = try await withThrowingTaskGroup(of: [String].self) { group in
                for process in scoring {
                    group.addTask { try await Self.extend(process) }
                    group.addTask {
                        for number in 0..<20 {
                            try await Self.append(
                                event("w\(number)", of: anne, sent: noon + .seconds(Int64(number))), to: process)
                        }
                        return []
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(made.sorted() == ["event_log_to_20260201", "event_log_to_20260301"])
            let places = try await Self.places(pool)
            #expect(
                places.prefix(4) == [
                    "1 old event_log_to_20260201", "2 now event_log_to_20260201", "3 next event_log_to_20260301",
                    "4 far event_log_default",
                ])
            #expect(places.count == 24)
            // A repeat is one wherever its event has gone.
            let repeated = try await pool.withTransaction {
                try EventLog.append([event("3 next", of: anne, sent: noon + .days(35))], in: $0)
            }
            #expect(repeated == [])
            let open = try await pool.withConnection { session in
                try session.query(
                    "select relname::text from pg_class where relname ~ '^event_log' and relkind = 'r' and not relrowsecurity"
                ).count
            }
            #expect(open == 0)
            // The next month has begun: what was far ahead of its part stays, and nothing else is made.
            try await Self.step(database, to: "2026-02-01T00:00:00Z")
            #expect(try await Self.extend(scoring[0]) == ["event_log_to_20260401"])
        }
    }

    /// Whoever reads for an hour is waited for a moment only, and nobody waits behind it.
    @Test func aLongReaderIsInNobodysWay() async throws {
        try await TestDatabase.with(clock: .stepped(at: noon)) { database in
            let anne = contact("anne")
            try await Self.append(event("1", of: anne), to: database.pool)
            _ = try await Self.extend(database.pool)
            let (reader, keeper) = (try database.pool(connections: 1), try database.pool(connections: 1, as: "scoring"))
            try await Self.step(database, to: "2026-02-10T00:00:00Z")
            try await whileOpen(on: reader) {
                _ = try $0.query("select count(*) from event_log")
            } _: {
                // Others go on all the while.
                async let others: Void = {
                    for number in 0..<40 {
                        try await Self.append(event("r\(number)", of: anne), to: database.pool)
                        _ = try await Self.places(database.pool)
                    }
                }()
                for _ in 0..<3 {
                    let error = await #expect(throws: PostgresError.self) {
                        try await keeper.withTransaction {
                            try EventPartitions.extend(now: DomainClock.read(in: $0), months: 1, in: $0)
                        }
                    }
                    #expect(error?.sqlState == "55P03" && error?.isTransient == true)
                }
                try await others
            }
            #expect(try await Self.extend(keeper) == ["event_log_to_20260401"])
        }
    }

    /// Whoever writes for an hour is in nobody's way either: the new part is made beside it.
    @Test func aLongWriterIsInNobodysWay() async throws {
        try await TestDatabase.with(clock: .stepped(at: noon)) { database in
            let anne = contact("anne")
            _ = try await Self.extend(database.pool)
            let writer = try database.pool(connections: 1)
            try await Self.step(database, to: "2026-02-10T00:00:00Z")
            try await whileOpen(on: writer) {
                _ = try EventLog.append([event("long", of: anne)], in: $0)
            } _: {
                #expect(try await Self.extend(database.pool) == ["event_log_to_20260401"])
                try await Self.append(event("short", of: anne), to: database.pool)
            }
            #expect(try await Self.places(database.pool).count == 2)
        }
    }

    @Test func aSealedPartTakesNothingAndIsDroppedWhenItIsEmpty() async throws {
        try await TestDatabase.with(clock: .stepped(at: noon)) { database in
            let (anne, bram) = (contact("anne"), contact("bram"))
            let scoring = try database.pool(connections: 1, as: "scoring")
            _ = try await Self.extend(scoring)
            try await Self.append(event("a", of: anne), event("b", of: bram), to: scoring)
            #expect(try await Self.seal(scoring) == nil, "kept for good")
            try await database.pool.withTransaction { try EventRetention.keep(31, by: "test", now: noon, in: $0) }
            #expect(try await Self.seal(scoring) == nil, "too young")
            try await Self.step(database, to: "2026-03-10T23:00:00Z")
            _ = try await Self.extend(scoring)
            #expect(try await Self.seal(scoring) == nil, "a month and a week have 38 days")
            try await Self.step(database, to: "2026-03-11T00:00:00Z")
            #expect(try await Self.seal(scoring) == "event_log_to_20260201")
            #expect(try await Self.seal(scoring) == nil)
            let horizon = try await scoring.withTransaction { try EventRetention.read(in: $0).horizon }
            #expect(horizon == Timestamp(iso8601: "2026-02-01T00:00:00Z"))

            let late = await #expect(throws: PostgresError.self) {
                try await Self.append(event("late", of: anne, sent: noon + .days(3)), to: scoring)
            }
            #expect(late?.constraint == "past_retention")
            #expect(try await Self.places(scoring).count == 2)
            let slice = try await scoring.withTransaction { session in
                #expect(try !EventPartitions.drop("event_log_to_20260201", in: session), "it is not empty")
                let slice = try #require(try EventPartitions.next(limit: 10, in: session))
                #expect(slice.subjects == [anne, bram])
                #expect(try EventPartitions.take(slice, context: false, in: session).count == 2)
                return try #require(try EventPartitions.next(limit: 10, in: session))
            }
            #expect(slice.subjects.isEmpty)
            try await Self.drop(slice.part, beside: database, by: scoring)
            // The next part goes the same way, into what lies before the horizon.
            try await Self.step(database, to: "2026-05-01T00:00:00Z")
            _ = try await Self.extend(scoring)
            #expect(try await Self.seal(scoring) == "event_log_to_20260301")
            #expect(try await scoring.withTransaction { try EventPartitions.drop("event_log_to_20260301", in: $0) })
            let parts = try await scoring.withTransaction { try EventPartitions.all(in: $0).map(\.name) }
            #expect(parts == ["0401", "0501", "0601", "0701"].map { "event_log_to_2026\($0)" })
            let beyond = await #expect(throws: PostgresError.self) {
                try await Self.append(event("late", of: anne, sent: noon + .days(40)), to: scoring)
            }
            #expect(beyond?.constraint == "past_retention")
        }
    }

    private static func seal(_ pool: PostgresPool) async throws -> String? {
        try await pool.withTransaction { try EventPartitions.seal(machineNow: noon, in: $0) }
    }

    /// Not while somebody reads; then at once.
    private static func drop(_ part: String, beside database: TestDatabase, by scoring: PostgresPool) async throws {
        let reader = try database.pool(connections: 1)
        try await whileOpen(on: reader) {
            _ = try $0.query("select count(*) from event_log")
        } _: {
            let error = await #expect(throws: PostgresError.self) {
                try await scoring.withTransaction { try EventPartitions.drop(part, in: $0) }
            }
            #expect(error?.sqlState == "55P03")
            try await append(event("meanwhile", of: contact("anne"), sent: noon + .days(62)), to: database.pool)
        }
        #expect(try await scoring.withTransaction { try EventPartitions.drop(part, in: $0) })
        #expect(try await places(database.pool) == ["meanwhile event_log_to_20260401"])
    }
}
