import Model
import Postgres
import Store
import TestSupport
import Testing

/// Whether a store is the one that mails are sent from.
@Suite struct LineageTests {
    private static let here = Lineage(system: 1, timeline: 1, database: 5)
    private static let there = Lineage(system: 1, timeline: 2, database: 5)

    private func judge(
        _ actual: Lineage?, _ recorded: Lineage?, mark: Int64, _ published: Lineages.Published, hasClaimed: Bool = true
    ) -> String {
        let standing = Lineages.Standing(actual: actual, recorded: recorded, mark: mark)
        switch Lineages.judge(standing, published: published, hasClaimed: hasClaimed) {
        case .stands: return "stands"
        case .accept: return "accept"
        case .wait: return "wait"
        case .refuse: return "refuse"
        }
    }

    @Test func theSameStoreStandsUnlessItWentBack() {
        #expect(judge(Self.here, Self.here, mark: 7, .mark(7, at: noon)) == "stands")
        #expect(judge(Self.here, Self.here, mark: 7, .mark(5, at: noon)) == "stands", "a mark that was lost")
        #expect(judge(Self.here, Self.here, mark: 7, .none) == "stands")
        #expect(judge(Self.here, Self.here, mark: 7, .unreachable) == "stands")
        #expect(judge(Self.here, Self.here, mark: 7, .mark(8, at: noon)) == "refuse", "a snapshot of the disks")
    }

    @Test func anotherServerIsAcceptedOnlyByItsMark() {
        #expect(judge(Self.there, Self.here, mark: 7, .mark(7, at: noon)) == "accept")
        #expect(judge(Self.there, Self.here, mark: 7, .mark(8, at: noon)) == "refuse")
        #expect(judge(Self.there, Self.here, mark: 7, .none) == "refuse")
        #expect(judge(Self.there, Self.here, mark: 7, .unreachable) == "wait")
        #expect(judge(Self.there, Self.here, mark: 0, .none, hasClaimed: false) == "accept")
        #expect(judge(nil, Self.here, mark: 7, .mark(7, at: noon)) == "wait", "a standby")
    }

    @Test func theFirstOfAllIsAccepted() {
        #expect(judge(Self.here, nil, mark: 0, .none, hasClaimed: false) == "accept")
        #expect(judge(Self.here, nil, mark: 0, .none) == "accept", "claimed from by a build that knew no lineage")
        #expect(judge(Self.here, nil, mark: 0, .mark(3, at: noon)) == "refuse", "the store before it is gone")
    }

    /// Accepts a store as it stands.
    private static func accept(_ session: PostgresSession) throws {
        #expect(try Lineages.accept(Lineages.standing(in: session), by: "test", machineNow: noon, in: session))
    }

    @Test func claimsAreCheckedAndMarked() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                #expect(throws: StoreError.self) { try Lineages.check(in: session) }
                try Self.accept(session)
                #expect(try Lineages.check(in: session) == nil)
                #expect(try !Lineages.hasClaimed(in: session))
                #expect(try Lineages.advance(in: session).number == 1)
                #expect(try Lineages.advance(in: session).number == 2)
                #expect(try Lineages.hasClaimed(in: session))
                try Lineages.refuse("it is a test", machineNow: noon, in: session)
                #expect(throws: StoreError.self) { try Lineages.check(in: session) }
                #expect(throws: StoreError.self) { try Lineages.advance(in: session) }
                let standing = try Lineages.standing(in: session)
                #expect(try !Lineages.accept(standing, by: "test", machineNow: noon, in: session))
            }
        }
    }

    /// The services' login is no superuser.
    @Test func anOrdinaryLoginMayLook() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try session.runScript("create role loods_lineage_test; grant select on lineage to loods_lineage_test")
                try session.runScript("set local role loods_lineage_test")
                #expect(try Lineages.standing(in: session).actual != nil)
                try session.runScript("reset role; drop owned by loods_lineage_test; drop role loods_lineage_test")
            }
        }
    }

    /// A copy of the database, as from a dump, has another lineage than the row that came with it.
    @Test func aCopyIsAnotherStore() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try session.execute(
                    """
                    update lineage set system_id = 1, timeline = 1, database_id = 1, mark = 7
                    """)
                #expect(throws: StoreError.self) { try Lineages.check(in: session) }
                let standing = try Lineages.standing(in: session)
                #expect(standing.actual != standing.recorded && standing.mark == 7)
            }
        }
    }
}
