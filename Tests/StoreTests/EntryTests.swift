import Contracts
import Model
import Postgres
import Store
import TestSupport
import Testing

/// What runs began with.
@Suite struct EntryTests {
    private static let crowd = (0..<20_000).map { contact("c\($0)") }

    /// However many contacts there are: what is read is as much as is asked for.
    @Test func areFoundContactByContact() async throws {
        try await TestDatabase.with { database in
            let asked = Self.crowd[..<100].map { (contact: $0, run: id("run \($0.contact)")) }
            try await database.pool.withTransaction { session in
                try session.make(Self.crowd)
                _ = try EventLog.append(Self.crowd.map { event("e", of: $0, name: "Trial Started") }, in: session)
                try Runs.insert(Self.crowd.map { run("\($0.contact)", of: $0) }, in: session)
            }
            _ = try await database.pool.withConnection { try $0.execute("analyze") }
            let (found, pages) = try await database.pool.withTransaction { session in
                let before = try Self.pagesRead(session)
                let found = try Runs.entryProperties(of: asked, in: session)
                return (found, try Self.pagesRead(session) - before)
            }
            #expect(Set(found.keys) == Set(asked.map(\.run)))
            #expect(found.values.allSatisfy { $0.name == "Trial Started" })
            // From the root to a leaf, and perhaps the next.
            #expect(pages <= 4 * asked.count, "\(pages) pages of the contacts' index")
        }
    }

    /// Of the contacts' index, in this transaction.
    private static func pagesRead(_ session: PostgresSession) throws -> Int {
        Int(try session.value("select pg_stat_get_xact_blocks_fetched('contacts_pkey'::regclass)", as: Int64.self))
    }
}
