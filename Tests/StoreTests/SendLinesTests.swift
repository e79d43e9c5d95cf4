import Model
import Pacing
import Postgres
import Store
import TestSupport
import Testing

/// Lines in which mails wait, served by several at once.
@Suite struct SendLinesTests {
    private static let line = SendLines.Key(
        workspace: shop, line: MailLine(.transactional, from: "shop.example", to: "mail.example"))

    /// Whoever serves it finds its limit used up, which another gives back at the same moment.
    @Test func whatIsWokenWhileItIsServedIsServedAgain() async throws {
        try await TestDatabase.with { database in
            let pool = database.pool
            try await pool.withTransaction { session in
                try SendLines.join(
                    [SendLines.Joining(message: message("one", to: contact("anne")), line: Self.line.line, rank: 0)],
                    reasons: 0, now: noon, machineNow: noon, in: session)
            }
            let (held, holding) = AsyncStream.makeStream(of: Void.self)
            async let serving: Void = pool.withTransaction { session in
                defer { holding.finish() }
                #expect(try SendLines.ready(in: session) == [Self.line])
                holding.yield()
                try session.waitUntilWaitedFor()
                try SendLines.note([Self.line: noon + .minutes(1)], machineNow: noon, in: session)
            }
            for await _ in held { break }
            try await pool.withTransaction { try SendLines.wake([Self.line], at: noon, in: $0) }
            try await serving
            #expect(try await pool.withTransaction { try SendLines.ready(in: $0) } == [Self.line])
        }
    }
}

extension SendLines {
    fileprivate static func ready(in session: PostgresSession) throws -> [Key] {
        try lockReady(at: noon, withTopic: true, stalled: [], limit: 10, in: session)
    }
}
