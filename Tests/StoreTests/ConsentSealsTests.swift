import Expressions
import Model
import Postgres
import Store
import TestSupport
import Testing

/// What seals prove of the ledger of consents, and what they find out.
@Suite struct ConsentSealsTests {
    private static let (anne, bob) = (contact("anne"), contact("bob"))

    /// Three lines of one contact and one of another, with all that a line may hold, or lack.
    private static let ledger: [Consents.Entry] = {
        var proven = Consents.Entry(
            contact: anne, topic: "news", address: "Zoë@Bücher.example", at: noon, eventID: "1:2,3", state: .given,
            wording: "Ja, „graag“\n😀", source: "form")
        for (member, text) in [(ConsentProof.Member.version, "3"), (.url, "https://shop.example/?a=\"b\"&c=€")] {
            proven.proof[member] = text
        }
        return [
            proven, consent(.withdrawn, of: anne, at: noon + .seconds(1), eventID: "2"),
            consent(.given, of: anne, topic: "", address: "", at: .distantPast, eventID: ""),
            consent(.given, of: bob, at: noon + .days(1), eventID: "3"),
        ]
    }()

    private struct Finding: Equatable {
        var account: ConsentSeals.Account
        var faults: [ConsentSeals.Fault]
    }

    private static func check(
        _ pool: PostgresPool, against head: ConsentDigest? = nil, of workspace: WorkspaceID = shop
    ) async throws -> Finding {
        try await pool.withTransaction { session in
            try Snapshot.take(in: session)
            var faults: [ConsentSeals.Fault] = []
            let account = try ConsentSeals.check(workspace, against: head, in: session) { faults.append($0) }
            #expect(account.faults == Int64(faults.count))
            return Finding(account: account, faults: faults)
        }
    }

    @discardableResult
    private static func seal(_ pool: PostgresPool, at now: Timestamp = noon) async throws -> [ConsentSeals.Seal] {
        try await pool.withTransaction { try ConsentSeals.seal(at: now, limit: 100, in: $0) }
    }

    /// A ledger of four lines, in three seals.
    private static func withLedger(_ body: (PostgresPool) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let pool = database.pool
            try await pool.withTransaction { try $0.make([Self.anne, Self.bob]) }
            for (place, lines) in [ledger[..<2], ledger[2..<3], ledger[3...]].enumerated() {
                try await pool.withTransaction { try Consents.append(Array(lines), now: noon, in: $0) }
                try await seal(pool, at: noon + .minutes(Int64(place)))
            }
            try await body(pool)
        }
    }

    /// As whoever may do anything with the database would.
    private static func tamper(_ pool: PostgresPool, _ statement: Query, hidden: Bool = true) async throws {
        try await pool.withTransaction { session in
            if hidden { try session.execute("alter table consents disable trigger user") }
            #expect(try session.execute(statement) > 0)
            if hidden { try session.execute("alter table consents enable trigger user") }
        }
    }

    @Test func aLedgerThatNobodyTouchedIsWhole() async throws {
        try await Self.withLedger { pool in
            let found = try await Self.check(pool)
            #expect(found.faults.isEmpty)
            #expect(found.account.lines == 4)
            #expect(found.account.seals == 3)
            #expect(found.account.unsealed == 0)
            #expect(found.account.last?.digests == 1)
            #expect(try await Self.seal(pool).isEmpty, "there is nothing to seal")
            let other = try await Self.check(pool, of: WorkspaceID(rawValue: 8))
            #expect(other == Finding(account: ConsentSeals.Account(), faults: []))
        }
    }

    @Test func aHeadThatWasKeptIsFoundForEver() async throws {
        try await Self.withLedger { pool in
            let kept = try #require(try await Self.check(pool).account.last?.head)
            #expect(ConsentDigest(kept.description) == kept)
            try await pool.withTransaction {
                try Consents.append([consent(.given, of: Self.bob, eventID: "4")], now: noon, in: $0)
            }
            #expect(try await Self.check(pool, against: kept).account.unsealed == 1)
            try await Self.seal(pool)
            let later = try await Self.check(pool, against: kept)
            #expect(later.faults.isEmpty)
            #expect(later.account.last?.head != kept)
        }
    }

    /// Merging and erasing are Loods' own, and stand in the account by whose connection they were.
    @Test func linesThatMoveOrAreErasedLeaveNoFault() async throws {
        try await Self.withLedger { pool in
            let place = HistoryPosition(at: noon + .days(1), eventID: "3")
            try await pool.withTransaction {
                try Consents.move([place], from: Self.bob, to: Self.anne, keeping: [], in: $0)
            }
            try await Self.seal(pool)
            let moved = try await Self.check(pool)
            #expect(moved.faults.isEmpty)
            #expect(moved.account.lines == 4)
            #expect(Array(moved.account.removed.values) == [1])

            let key = try #require(ErasureKey("a secret of these tests"))
            _ = try await pool.withTransaction { session in
                try Standing.cell.take(in: session)
                return try Erasures.begin(
                    with: Self.anne, by: key, askedBy: "test", id: .derived("seals"), now: noon, in: session)
            }
            let erased = try await Self.check(pool)
            #expect(erased.faults.isEmpty)
            #expect(erased.account.lines == 0)
            #expect(Array(erased.account.removed.values) == [5])
        }
    }

    @Test func aLineThatIsChangedIsFound() async throws {
        for change: Query in [
            "update consents set state = 'given' where event_id = '2'",
            "update consents set wording = null where wording is not null",
            "update consents set proof = proof || '{\"version\": \"4\"}' where event_id = '1:2,3'",
            "update consents set recorded_at = recorded_at - interval '1 microsecond' where event_id = '2'",
            "update consents set contact_id = \(Self.bob.contact) where event_id = '2'",
        ] {
            try await Self.withLedger { pool in
                try await Self.tamper(pool, change, hidden: false)
                let faults = try await Self.check(pool).faults
                #expect(faults.count == 2, "\(change)")
                guard case .unrecorded(let line)? = faults.first else {
                    Issue.record("\(faults)")
                    return
                }
                #expect(["2", "1:2,3"].contains(line.eventID))
                #expect(faults.last == .gone(lines: 1, sealedAt: noon))
            }
        }
    }

    @Test func aLineThatIsTakenAwayOrPutInPastTheDatabasesAccountIsFound() async throws {
        try await Self.withLedger { pool in
            try await Self.tamper(pool, "delete from consents where event_id = '3'")
            #expect(try await Self.check(pool).faults == [.gone(lines: 1, sealedAt: noon + .minutes(2))])
        }
        try await Self.withLedger { pool in
            try await Self.tamper(
                pool,
                """
                insert into consents (
                    workspace_id, contact_id, topic, channel, address, at, event_id, state, source, recorded_at)
                values (\(shop), \(Self.bob.contact), 'offers', 'email', 'bob@shop.example', \(noon), 'forged', 'given',
                    'form', \(noon))
                """)
            let faults = try await Self.check(pool).faults
            #expect(faults.count == 1)
            guard case .unrecorded(let line)? = faults.first else {
                Issue.record("\(faults)")
                return
            }
            #expect(line.eventID == "forged")
        }
    }

    /// What somebody puts in may be spelled as no entry is, and stand at the end: it is told of once, and the check ends.
    @Test func linesThatNoEntryIsSpelledLikeAreToldOfOnce() async throws {
        try await Self.withLedger { pool in
            try await Self.tamper(
                pool,
                """
                insert into consents (
                    workspace_id, contact_id, topic, channel, address, at, event_id, state, source, recorded_at)
                select \(shop), \(UniqueID(high: .max, low: .max)), 'offers', 'email', address, at, 'forged', 'given', 'form',
                    \(noon)
                from (values ('Zed@Shop.example', timestamptz 'infinity'),
                    ('anne@xn--bcher-kva.example', timestamptz '2026-01-01')) v (address, at)
                """)
            let found = try await Self.check(pool)
            #expect(found.account.lines == 6)
            #expect(found.faults.count == 2)
        }
    }

    @Test func aChangedAccountBreaksItsSeal() async throws {
        for (change, number) in [
            ("update consent_digests set login = 'somebody' where seal = 2", 2),
            ("update consent_digests set removed = true where seal = 3", 3),
            ("delete from consent_digests where seal = 1 and note = (select min(note) from consent_digests)", 1),
            ("update consent_seals set sealed_at = sealed_at + interval '1 day' where number = 2", 2),
        ] as [(Query, Int32)] {
            try await Self.withLedger { pool in
                try await Self.tamper(pool, change, hidden: false)
                let broken = try await Self.check(pool).faults.compactMap { fault in
                    if case .broken(let seal) = fault { seal.number } else { nil }
                }
                #expect(broken == [number], "\(change)")
            }
        }
    }

    @Test func aSealThatIsTakenOutIsMissed() async throws {
        try await Self.withLedger { pool in
            try await Self.tamper(pool, "delete from consent_seals where number = 2", hidden: false)
            let faults = try await Self.check(pool).faults
            guard case .missing(let behind)? = faults.first, case .broken? = faults.dropFirst().first else {
                Issue.record("\(faults)")
                return
            }
            #expect(behind.number == 3)
        }
    }

    /// Whoever can rewrite everything makes a chain that follows; a head that was kept elsewhere tells.
    @Test func aChainMadeAnewIsFoundByAHeadThatWasKept() async throws {
        try await Self.withLedger { pool in
            let kept = try #require(try await Self.check(pool).account.last?.head)
            try await Self.tamper(pool, "delete from consents where event_id = '2'")
            try await Self.tamper(pool, "delete from consent_seals", hidden: false)
            try await Self.tamper(pool, "delete from consent_digests", hidden: false)
            try await pool.withTransaction { session in
                let lines = try Consents.ledger(of: Self.anne, in: session) + Consents.ledger(of: Self.bob, in: session)
                try session.execute("delete from consents")
                try Consents.append(lines, now: noon, in: session)
                try session.execute("delete from consent_digests where removed")
            }
            try await Self.seal(pool)
            #expect(try await Self.check(pool).faults.isEmpty)
            #expect(try await Self.check(pool, against: kept).faults == [.unknownHead(kept)])
        }
    }

    @Test func sealersAtOnceMakeOneChain() async throws {
        try await TestDatabase.with { database in
            let pool = database.pool
            try await pool.withTransaction { try $0.make([Self.anne]) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for round in 0..<20 {
                            let line = consent(.given, of: Self.anne, eventID: "\(worker) \(round)")
                            try await pool.withTransaction { try Consents.append([line], now: noon, in: $0) }
                            try await Self.seal(pool)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await Self.seal(pool)
            let found = try await Self.check(pool)
            #expect(found.faults.isEmpty)
            #expect(found.account.lines == 80)
            #expect(found.account.unsealed == 0)
        }
    }
}
