import Model
import Postgres
import Store
import TestSupport
import Testing

/// Memberships, personas and wakes as rows.
@Suite struct SegmentMembersTests {
    private let anne = contact("anne")
    private let visitor = contact("visitor")

    private func move(
        _ contact: ContactKey, _ segment: String, entry: Bool, _ ordinal: Int32, minute: Int64 = 0
    ) -> SegmentMembers.Move {
        SegmentMembers.Move(
            contact: contact, segment: segment, isEntry: entry, ordinal: ordinal, at: noon + .minutes(minute),
            cause: .event, eventID: "e", revision: 1)
    }

    private func within(_ body: @escaping @Sendable (PostgresSession) throws -> Void) async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in try body(session) }
        }
    }

    @Test func whoComesAndGoesIsInAtTheEndOrNot() async throws {
        let (anne, visitor) = (anne, visitor)
        try await within { session in
            try session.make([anne, visitor])
            try SegmentMembers.apply(
                [
                    move(anne, "a", entry: true, 1), move(anne, "a", entry: false, 1, minute: 1),
                    move(anne, "a", entry: true, 2, minute: 2), move(anne, "b", entry: true, 1),
                    move(anne, "b", entry: false, 1, minute: 1), move(visitor, "b", entry: true, 1),
                ], now: noon, in: session)
            let members = try SegmentMembers.load(of: [anne, visitor], in: session)
            #expect(members[anne]?.map(\.segment) == ["a"] && members[anne]?.first?.ordinal == 2)
            #expect(members[anne]?.first?.enteredAt == noon + .minutes(2))
            #expect(members[visitor]?.map(\.segment) == ["b"])
            let places = ["a", "b", "c"].map { SegmentMembers.Place(contact: anne, segment: $0) }
            let ordinals = try SegmentMembers.ordinals(of: places, in: session)
            #expect(ordinals == [places[0]: 2, places[1]: 1])
            #expect(try SegmentDirectory.census(of: shop, in: session) == ["a": 1, "b": 1])
            #expect(try SegmentDirectory.moves(of: anne, in: session).count == 5)
            let listed = try SegmentDirectory.members(of: "b", in: shop, limit: 5, session: session)
            #expect(listed.map(\.contact) == [visitor])
            #expect(try ContactDirectory.list(of: shop, segment: "a", limit: 5, in: session).map(\.contact) == [anne])
        }
    }

    @Test func aMergeKeepsWhatBothWereIn() async throws {
        let (anne, visitor) = (anne, visitor)
        try await within { session in
            try session.make([anne, visitor])
            try SegmentMembers.apply(
                [
                    move(anne, "a", entry: true, 1), move(visitor, "a", entry: true, 1),
                    move(visitor, "a", entry: false, 1, minute: 1), move(visitor, "a", entry: true, 2, minute: 2),
                    move(visitor, "b", entry: true, 1),
                ], now: noon, in: session)
            try PersonaRows.save([.init(contact: visitor, persona: "p", since: noon)], in: session)
            try Wakes.arm([anne: noon + .hours(2), visitor: noon + .hours(1)], in: session)
            try Merging.merge(visitor, into: anne, now: noon, in: session)
            let members = try SegmentMembers.load(of: [anne, visitor], in: session)
            #expect(members[visitor] == nil && Set((members[anne] ?? []).map(\.segment)) == ["a", "b"])
            let place = SegmentMembers.Place(contact: anne, segment: "a")
            #expect(try SegmentMembers.ordinals(of: [place], in: session) == [place: 2], "the next is new to both")
            #expect(try PersonaRows.load(of: [anne, visitor], in: session).keys.map { $0 } == [anne])
            #expect(try Wakes.due(of: [anne, visitor], at: noon + .hours(1), in: session) == [anne: noon + .hours(1)])
        }
    }

    @Test func aWakeIsBroughtForwardAndPutOffOnlyWhenSet() async throws {
        let anne = anne
        try await within { session in
            try session.make([anne])
            try Wakes.arm([anne: noon + .hours(2)], in: session)
            try Wakes.arm([anne: noon + .hours(3)], in: session)
            #expect(try Quiet.nextDue(after: noon, in: session) == noon + .hours(2))
            try Wakes.arm([anne: noon + .hours(1)], in: session)
            #expect(try Wakes.dueContacts(at: noon + .minutes(59), limit: 5, in: session) == [])
            #expect(try Wakes.dueContacts(at: noon + .hours(1), limit: 5, in: session) == [anne])
            #expect(try Quiet.unrest(at: noon + .hours(1), in: session).dueWakes == 1)
            try Wakes.set([anne: noon + .hours(4)], in: session)
            #expect(try Quiet.nextDue(after: noon, in: session) == noon + .hours(4))
            try Wakes.set([anne: nil], in: session)
            #expect(try Quiet.nextDue(after: noon, in: session) == nil)
        }
    }

    @Test func aPersonaIsKeptWhereItIsNotTheDefault() async throws {
        let anne = anne
        try await within { session in
            try session.make([anne])
            try PersonaRows.save([.init(contact: anne, persona: "a", since: noon)], in: session)
            try PersonaRows.save([.init(contact: anne, persona: "b", since: noon + .hours(1))], in: session)
            #expect(try PersonaRows.load(of: [anne], in: session)[anne]?.since == noon + .hours(1))
            #expect(try SegmentDirectory.personas(of: shop, in: session) == ["b": 1])
            try PersonaRows.save([.init(contact: anne, persona: nil, since: noon)], in: session)
            #expect(try PersonaRows.load(of: [anne], in: session).isEmpty)
        }
    }
}
