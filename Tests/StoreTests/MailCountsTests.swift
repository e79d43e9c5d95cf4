import Model
import Postgres
import Store
import TestSupport
import Testing

/// What is counted of mails without knowing whose they are.
@Suite struct MailCountsTests {
    private static func key(_ kind: MailCounts.Kind, _ visitor: String = "human", step: String = "1") -> MailCounts.Key
    {
        MailCounts.Key(
            workspace: shop, journey: "welcome", step: step, template: "hello", kind: kind, visitor: visitor)
    }

    @Test func sumsGrowByDays() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                let (open, click) = (Self.key(.open), Self.key(.click))
                try MailCounts.add([open: 3, click: 1], now: noon, in: session)
                try MailCounts.add([open: 4], now: noon + .hours(1), in: session)
                try MailCounts.add([open: 5, Self.key(.open, step: "2"): 1], now: noon + .days(1), in: session)
                #expect(try MailCounts.sums(of: shop, from: noon, to: noon, in: session) == [open: 7, click: 1])
                let both = try MailCounts.sums(of: shop, from: noon, to: noon + .days(1), in: session)
                #expect(both == [open: 12, click: 1, Self.key(.open, step: "2"): 1])
                let other = WorkspaceID(rawValue: shop.rawValue + 1)
                #expect(try MailCounts.sums(of: other, from: noon, to: noon, in: session) == [:])
            }
        }
    }
}
