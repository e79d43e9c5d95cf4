import Model
import Pacing
import Postgres
import Store
import TestSupport
import Testing

/// That limits hold whoever takes of them at the same time.
@Suite struct SendQuotaTests {
    private static let now = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private static let key = SendQuotas.Key(workspace: WorkspaceID(rawValue: 1), bucket: "to mail.example")

    @Test(arguments: [1, 4, 7])
    func takersThatRaceNeverGetMoreThanTheLimit(portion: Int64) async throws {
        let limits = SendLimits(perSecond: 40, perMinute: 100)
        try await TestDatabase.with { database in
            let pools = try (0..<6).map { _ in try database.pool(connections: 1, as: "mailer") }
            let taken = try await withThrowingTaskGroup(of: [Int64: Int64].self) { group in
                for pool in pools {
                    group.addTask {
                        var taken: [Int64: Int64] = [:]
                        for second in Int64(0)..<4 {
                            // Clocks of a second's half before and behind: whoever takes, the window is the same.
                            for _ in 0..<25 {
                                taken[second, default: 0] += try await Self.take(
                                    portion, limits, at: Self.now + .seconds(second), pool)
                            }
                        }
                        return taken
                    }
                }
                var sum: [Int64: Int64] = [:]
                for try await part in group { sum.merge(part, uniquingKeysWith: +) }
                return sum
            }
            // Whoever is behind takes of the window that the furthest has begun.
            #expect(taken.values.reduce(0, +) <= 100)
            let entry = try await database.pool.withTransaction { try SendQuotas.lock([Self.key], in: $0)[Self.key] }
            #expect(entry?.quota.used(.minute, at: Self.now + .seconds(3)) == taken.values.reduce(0, +))
            #expect(taken.values.reduce(0, +) >= 80, "nor is much left: two seconds at the least were used up")
        }
    }

    private static func take(
        _ portion: Int64, _ limits: SendLimits, at now: Timestamp, _ pool: PostgresPool
    ) async throws -> Int64 {
        try await pool.withTransaction { session in
            var entries = try SendQuotas.lock([key], in: session)
            let granted = min(portion, entries[key]?.quota.available(under: limits, at: now) ?? 0)
            entries[key]?.quota.take(granted, at: now)
            try SendQuotas.write(entries, in: session)
            return granted
        }
    }

    @Test func whatIsWrittenIsRead() async throws {
        try await TestDatabase.with { database in
            let written = try await database.pool.withTransaction { session in
                var entries = try SendQuotas.lock([Self.key, .relay("relay:25")], in: session)
                entries[Self.key]?.quota.take(3, at: Self.now)
                for _ in 0..<BackOff.threshold {
                    _ = entries[Self.key]?.quota.backOff.noteDeferral(at: Self.now, perMinute: 60)
                }
                entries[Self.key]?.progress = WarmUp.Progress(
                    step: 2, day: Self.now, sent: 5, deferred: 1, complaints: 1)
                try SendQuotas.write(entries, in: session)
                return entries
            }
            let (read, slowed) = try await database.pool.withTransaction { session in
                (
                    try SendQuotas.lock([], known: Set(written.keys), in: session),
                    try SendQuotas.slowed([Self.key.workspace], at: Self.now, in: session)
                )
            }
            #expect(read[Self.key] == written[Self.key])
            #expect(read.count == 2)
            #expect(slowed == [Self.key])
        }
    }
}
