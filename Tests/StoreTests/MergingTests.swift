import Expressions
import Model
import Postgres
import Scores
import Store
import TestSupport
import Testing

@Suite struct MergingTests {
    private let anne = contact("anne")
    private let visitor = contact("visitor")

    /// A database in which the visitor has something of everything, and Anne a run of the same journey.
    private func withBoth(_ body: @escaping @Sendable (PostgresSession) throws -> Void) async throws {
        let (anne, visitor) = (anne, visitor)
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try session.make([anne, visitor])
                try ScoreSums.add(
                    [
                        points(10, of: anne), points(5, of: visitor), points(7, of: visitor, epoch: 2),
                        points(1, of: anne, until: noon + .days(1)), points(2, of: visitor, until: noon + .days(1)),
                        points(4, of: visitor, until: noon + .days(2)), points(8, of: visitor, until: noon),
                    ], now: noon, in: session)
                let slot = ScoreCounts.Slot(model: "engagement", rule: 0, day: 20_000)
                try ScoreCounts.save(
                    [
                        .init(contact: anne, slot: slot, counted: [HistoryPosition(at: noon, eventID: "b")]),
                        .init(contact: visitor, slot: slot, counted: [HistoryPosition(at: noon, eventID: "a")]),
                    ], in: session)
                try Stages.append(
                    [.init(contact: visitor, stage: "think", previous: nil, at: noon, eventID: "e")], now: noon,
                    in: session)
                try Consents.append([consent(.given, of: visitor)], now: noon, in: session)
                try Runs.insert(
                    [
                        run("anne", of: anne), run("double", of: visitor),
                        run("own", of: visitor, journey: "onboarding"),
                    ], in: session)
                try Timers.arm(
                    [.init(contact: visitor, run: id("run own"), version: 0, dueAt: noon + .days(1))], in: session)
                try Decisions.append(
                    [.init(contact: visitor, id: id("decision"), at: noon, kind: "entry", choice: "enter")], in: session
                )
                try Messages.plan(
                    [
                        message("double", to: visitor, topic: nil),
                        message("own", to: visitor, run: id("run own"), topic: nil),
                    ], machineNow: noon, in: session)
            }
            try await database.pool.withTransaction { try body($0) }
        }
    }

    private func points(
        _ amount: Int64, of contact: ContactKey, epoch: Int64 = 1, until: Timestamp? = nil
    ) -> ScoreSums.Row {
        ScoreSums.Row(
            contact: contact, model: "engagement", term: ScoreTerm(epoch: epoch, amount: amount, until: until))
    }

    private func merge(in session: PostgresSession) throws {
        try Contacts.lock([anne, visitor], in: session)
        _ = try SendStates.lock([anne, visitor], in: session)
        try Merging.merge(visitor, into: anne, now: noon, in: session)
    }

    @Test func theSurvivorHasEverything() async throws {
        let (anne, visitor) = (anne, visitor)
        try await withBoth { session in
            try self.merge(in: session)
            let sums = try ScoreSums.load(of: [anne, visitor], in: session)
            #expect(sums[visitor] == nil)
            let balance = sums[anne]?["engagement"]
            #expect(balance?.lasting == [1: 15, 2: 7])
            #expect(
                balance?.passing == [
                    .init(until: noon + .days(1), epoch: 1): 3, .init(until: noon + .days(2), epoch: 1): 4,
                ])
            let counts = try ScoreCounts.load(of: [anne: nil, visitor: nil], in: session)
            #expect(counts[anne]?.values.map { $0.map(\.eventID) } == [["b", "a"]])
            #expect(counts[visitor] == nil)
            let consents = try Consents.current(of: [anne, visitor], in: session)
            #expect(consents[anne]?.map(\.topic) == ["newsletter"])
            #expect(consents[visitor] == nil)
            for table in ["stages", "runs", "timers", "decisions", "messages"] {
                let left: Int64 = try session.value(
                    "select count(*) from \(identifier: table) where contact_id = \(visitor.contact)")
                let moved: Int64 = try session.value(
                    "select count(*) from \(identifier: table) where contact_id = \(anne.contact)")
                #expect(left == 0 && moved > 0, "\(table): \(left) stayed, \(moved) moved")
            }
        }
    }

    @Test func ofTwoRunsUnderOneKeyTheSurvivorsStays() async throws {
        let anne = anne
        try await withBoth { session in
            try self.merge(in: session)
            let runs = try #require(Runs.load(of: [anne], ended: true, in: session)[anne])
            let outcomes = Dictionary(uniqueKeysWithValues: runs.map { ($0.id, $0.outcome) })
            #expect(outcomes == [id("run anne"): nil, id("run own"): nil, id("run double"): "merged"])
            let open = try #require(Runs.load(of: [anne], in: session)[anne])
            #expect(Set(open.map(\.id)) == [id("run anne"), id("run own")])
            #expect(try session.state(of: message("double", to: anne)) == "withdrawn")
            #expect(try session.state(of: message("own", to: anne)) == "planned")
        }
    }

    @Test func whatWasClaimedBeforeIsNotHandedAfter() async throws {
        let visitor = visitor
        try await withBoth { session in
            let claimed = try session.claim(visitor, under: id("claim"))
            #expect(claimed.count == 2)
            try self.merge(in: session)
            #expect(try Claims.hand(claimed, now: noon, in: session) == [])
            // The claim runs out, and the survivor's mailer begins again.
            #expect(
                try Claims.releaseRunOut(before: .distantFuture, now: noon, in: session).isEmpty)
            let again = try session.claim(self.anne, under: id("claim 2"))
            #expect(again.map(\.message.id) == [message("own", to: visitor).id])
            #expect(try Claims.hand(again, now: noon, in: session) == [message("own", to: visitor).id])
        }
    }

    /// What the other had may forbid it: a claim of before was gated without.
    @Test func whatTheSurvivorHadClaimedIsNotHandedAfter() async throws {
        let anne = anne
        try await withBoth { session in
            let letter = message("anne", to: anne, topic: nil)
            try Messages.plan([letter], machineNow: noon, in: session)
            let claimed = try session.claim(anne, under: id("claim"))
            #expect(claimed.map(\.message) == [letter])
            try self.merge(in: session)
            #expect(try Claims.hand(claimed, now: noon, in: session) == [])
        }
    }

    @Test func whoMergedBeforePointsToTheLastSurvivor() async throws {
        let (anne, visitor, user) = (anne, visitor, contact("user"))
        try await withBoth { session in
            try self.merge(in: session)
            try session.make([user])
            _ = try SendStates.lock([anne, user], in: session)
            try Merging.merge(anne, into: user, now: noon, in: session)
            #expect(
                try Contacts.survivors(of: [anne, visitor, user], in: session)
                    == [anne: user, visitor: user, user: user])
        }
    }
}
