import Model
import Postgres
import Store
import TestSupport
import Testing

@Suite struct IdentitiesTests {
    private let user = Identity(.user, "u1")
    private let visitor = Identity(.anonymous, "a1")

    private func key(_ identity: Identity) -> ContactKey {
        ContactKey(workspace: shop, contact: identity.subjectID(in: shop))
    }

    private func claim(_ identity: Identity, for subject: Identity) -> Identities.Claim {
        Identities.Claim(workspace: shop, identity: identity, subject: subject.subjectID(in: shop))
    }

    @Test func aNameThatCameBesideAStrongerOneStandsForIt() async throws {
        try await TestDatabase.with { database in
            let (user, visitor, keys) = (user, visitor, (user: key(user), visitor: key(visitor)))
            let claims = [claim(user, for: user), claim(visitor, for: user)]
            let own = claim(visitor, for: visitor)
            try await database.pool.withTransaction { session in
                try Identities.ensure(claims, subjects: [keys.user: user], now: noon, in: session)
                // Now the weaker name comes alone: its own subject becomes a contact that has merged already.
                try Identities.ensure([own], subjects: [keys.visitor: visitor], now: noon, in: session)
                let survivors = try Contacts.survivors(of: [keys.user, keys.visitor], in: session)
                #expect(survivors == [keys.user: keys.user, keys.visitor: keys.user])
                #expect(try Identities.all(of: keys.user, in: session) == [visitor, user])
                let subjects = try Identities.subjects(of: [(shop, visitor), (shop, user)], in: session)
                #expect(subjects[shop] == [visitor: keys.user.contact, user: keys.user.contact])
            }
        }
    }

    @Test func aNameThatCameAloneFirstKeepsItsSubject() async throws {
        try await TestDatabase.with { database in
            let (user, visitor, keys) = (user, visitor, (user: key(user), visitor: key(visitor)))
            let alone = claim(visitor, for: visitor)
            let beside = [claim(user, for: user), claim(visitor, for: user)]
            try await database.pool.withTransaction { session in
                try Identities.ensure([alone], subjects: [keys.visitor: visitor], now: noon, in: session)
                try Identities.ensure(beside, subjects: [keys.user: user], now: noon, in: session)
                let survivors = try Contacts.survivors(of: [keys.user, keys.visitor], in: session)
                #expect(survivors == [keys.user: keys.user, keys.visitor: keys.visitor])
                let subjects = try Identities.subjects(of: [(shop, visitor)], in: session)
                #expect(subjects[shop] == [visitor: keys.visitor.contact])
            }
        }
    }

    @Test func aNameWhoseOwnerHasMergedStandsForTheSurvivor() async throws {
        try await TestDatabase.with { database in
            let (user, visitor, other) = (user, visitor, Identity(.user, "u2"))
            let keys = (user: key(user), visitor: key(visitor), other: key(other))
            let claims = [claim(user, for: user), claim(visitor, for: user), claim(other, for: other)]
            try await database.pool.withTransaction { session in
                try Identities.ensure(claims, subjects: [keys.user: user, keys.other: other], now: noon, in: session)
                _ = try SendStates.lock([keys.user, keys.other], in: session)
                try Merging.merge(keys.user, into: keys.other, now: noon, in: session)
                try Identities.ensure([], subjects: [keys.visitor: visitor], now: noon, in: session)
                #expect(try Contacts.survivors(of: [keys.visitor], in: session) == [keys.visitor: keys.other])
            }
        }
    }

    /// Two workers meet the same new names in opposite orders, again and again.
    @Test func crossingInsertsDoNotDeadlock() async throws {
        try await TestDatabase.with { database in
            for round in 0..<30 {
                let names = (0..<60).map { Identity(.anonymous, "visitor-\(round)-\($0)") }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for order in [names, names.reversed(), names.shuffled()] {
                        let claims = order.map { claim($0, for: $0) }
                        let subjects = Dictionary(uniqueKeysWithValues: order.map { (key($0), $0 as Identity?) })
                        group.addTask {
                            try await database.pool.withTransaction {
                                try Identities.ensure(claims, subjects: subjects, now: noon, in: $0)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let made: Int64 = try await database.pool.withConnection { try $0.value("select count(*) from contacts") }
            #expect(made == 30 * 60)
        }
    }

    @Test func lockFreeLeavesWhatOthersHold() async throws {
        try await TestDatabase.with { database in
            let (anne, bram) = (contact("anne"), contact("bram"))
            try await database.pool.withTransaction { try $0.make([anne, bram]) }
            let free = try await whileOpen(on: database.pool) { session in
                try Contacts.lock([anne], in: session)
            } _: {
                try await database.pool.withTransaction { try Set(Contacts.lockFree([anne, bram], in: $0).keys) }
            }
            #expect(free == [bram])
        }
    }

    @Test func lockingWhoHasMergedMeansToBeginAgain() async throws {
        try await TestDatabase.with { database in
            let (anne, bram) = (contact("anne"), contact("bram"))
            try await database.pool.withTransaction { session in
                try session.make([anne, bram])
                _ = try SendStates.lock([anne, bram], in: session)
                try Merging.merge(bram, into: anne, now: noon, in: session)
            }
            await #expect(throws: StoreError.self) {
                try await database.pool.withTransaction { try Contacts.lock([anne, bram], in: $0) }
            }
            let free = try await database.pool.withTransaction {
                try Set(Contacts.lockFree([anne, bram], in: $0).keys)
            }
            #expect(free == [anne])
        }
    }
}
