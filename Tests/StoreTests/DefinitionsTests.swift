import Contracts
import Model
import Postgres
import Store
import TestSupport
import Testing

@Suite struct DefinitionsTests {
    private static func version(_ journey: String, _ version: Int32, revision: Int32) -> Definitions.JourneyVersion {
        .init(journey: journey, version: version, revision: revision, digest: "\(journey)-\(version)")
    }

    @Test func aRevisionIsStoredAndLive() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                let entry = try WorkspaceRegister.lock("shop", now: noon, in: session)
                #expect(entry.revision == 0)
                let files = ["workspace.yaml": "name: shop\n", "emails/a/body.txt.mustache": "Héllo \u{1F600}\n"]
                #expect(try Definitions.store(files: files, for: entry, by: "anne", now: noon, in: session) == 1)
                #expect(try WorkspaceRegister.find("shop", in: session)?.revision == 1)
                #expect(try WorkspaceRegister.revisions(of: [entry.id], in: session) == [entry.id: 1])
                #expect(try Definitions.files(of: entry.id, revision: 1, in: session) == files)
                #expect(throws: StoreError.self) { try Definitions.files(of: entry.id, revision: 2, in: session) }
                #expect(try WorkspaceRegister.find("other", in: session) == nil)
            }
        }
    }

    @Test func twoWhoApplyTakeTurns() async throws {
        try await TestDatabase.with { database in
            let revisions = try await withThrowingTaskGroup(of: Int32.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        try await database.pool.withTransaction { session in
                            let entry = try WorkspaceRegister.lock("shop", now: noon, in: session)
                            return try Definitions.store(
                                files: ["n": "\(number)"], for: entry, by: "test", now: noon, in: session)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(revisions.sorted() == [1, 2, 3, 4, 5, 6])
        }
    }

    @Test func aPublishedVersionNeverChanges() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                let first = [Self.version("a", 1, revision: 1), Self.version("b", 1, revision: 1)]
                try Definitions.publish(first, in: shop, now: noon, session: session)
                #expect(try Definitions.liveJourneys(of: shop, in: session) == first)
                // b is applied no more, a has a new version; somebody claims that version 1 was another.
                let second = [Self.version("a", 2, revision: 2)]
                try Definitions.publish(second, in: shop, now: noon, session: session)
                #expect(try Definitions.liveJourneys(of: shop, in: session) == second)
                try Definitions.publish(
                    [.init(journey: "a", version: 1, revision: 3, digest: "other")], in: shop, now: noon,
                    session: session)
                #expect(try Definitions.liveJourneys(of: shop, in: session) == [first[0]])
                #expect(try Definitions.revision(of: "a", version: 1, in: shop, session: session) == 1)
                #expect(try Definitions.revision(of: "b", version: 1, in: shop, session: session) == 1)
                #expect(try Definitions.revision(of: "b", version: 2, in: shop, session: session) == nil)
                #expect(try Definitions.lastVersions(of: shop, in: session) == ["a": 2, "b": 1])
            }
        }
    }

    @Test func workspacesDoNotSeeEachOthersJourneys() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                let other = WorkspaceID(rawValue: 8)
                try Definitions.publish([Self.version("a", 1, revision: 1)], in: shop, now: noon, session: session)
                try Definitions.publish([], in: other, now: noon, session: session)
                #expect(try Definitions.liveJourneys(of: shop, in: session).count == 1)
                #expect(try Definitions.liveJourneys(of: other, in: session) == [])
            }
        }
    }
}

@Suite struct KeysTests {
    @Test func aKeyIsFoundByItsHashUntilItIsRevoked() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { (session) throws in
                let hash = [UInt8](repeating: 1, count: 32)
                #expect(try Keys.add(hash: hash, name: "site", kind: .public, to: shop, now: noon, in: session))
                #expect(try Keys.add(hash: hash, name: "site", kind: .public, to: shop, now: noon, in: session))
                #expect(try !Keys.add(hash: [2], name: "site", kind: .server, to: shop, now: noon, in: session))
                #expect(
                    try Keys.find(hash: hash, in: session)
                        == WriteKey(workspace: shop, name: "site", trust: .publicKey))
                #expect(try Keys.find(hash: [2], in: session) == nil)
                #expect(try Keys.revoke("site", of: shop, now: noon, in: session))
                #expect(try !Keys.revoke("site", of: shop, now: noon, in: session))
                #expect(try Keys.find(hash: hash, in: session) == nil)
                #expect(try Keys.list(of: shop, in: session).map(\.revokedAt) == [noon])
            }
        }
    }
}
