import Model
import Postgres
import Store
import TestSupport
import Testing

/// What `loods fence` does to messages.
@Suite struct FenceTests {
    private static let until = noon + .minutes(10)
    private static let order = Fence.Order(
        id: id("fence"), by: "test", restoredAt: noon + .minutes(5), sentUntil: until)

    /// A store whose messages, by their names, stand in each state that matters.
    private func withMessages(_ body: @escaping @Sendable (PostgresSession) throws -> Void) async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                let names = ["planned", "held", "deferred", "claimed", "handed", "accepted", "late", "fresh"]
                try session.make(names.map { contact($0) })
                for name in names {
                    var letter = message(name, to: contact(name), topic: nil)
                    // Planned long after the restore: one from a timer that was due before, one from what happened since.
                    if name == "late" { (letter.plannedAt, letter.causeAt) = (noon + .hours(1), Self.until) }
                    if name == "fresh" { (letter.plannedAt, letter.causeAt) = (noon + .hours(1), noon + .hours(1)) }
                    try Messages.plan([letter], machineNow: noon, in: session)
                }
                try session.execute(
                    "update messages set due_at = \(Self.until + .seconds(1)), look_at = null where message_id = \(id("message held"))"
                )
                try session.execute(
                    "update messages set retry_at = \(Self.until + .seconds(1)) where message_id = \(id("message deferred"))"
                )
                for name in ["claimed", "handed", "accepted"] {
                    let claimed = try session.claim(contact(name), under: id(name))
                    if name != "claimed" { _ = try Claims.hand(claimed, now: noon + .seconds(3), in: session) }
                    if name == "accepted" {
                        _ = try Claims.settle([(claimed[0], .accepted, nil)], now: noon, in: session)
                    }
                }
                try body(session)
            }
        }
    }

    private static func states(_ session: PostgresSession) throws -> [String: String] {
        let rows = try session.query("select run_id, state from messages")
        let names = ["planned", "held", "deferred", "claimed", "handed", "accepted", "late", "fresh"]
        let runs = Dictionary(uniqueKeysWithValues: names.map { (id("run \($0)"), $0) })
        return Dictionary(
            uniqueKeysWithValues: try rows.map {
                (runs[try $0[0, as: UniqueID.self]] ?? "?", try $0[1, as: String.self])
            })
    }

    @Test func whatMayHaveBeenSentIsUnknownAndTheRestGoes() async throws {
        try await withMessages { session in
            let before = try Lineages.standing(in: session)
            let report = try Fence.raise(Self.order, machineNow: noon, in: session)
            #expect(
                try Self.states(session) == [
                    "planned": "unknown", "claimed": "unknown", "handed": "unknown", "late": "unknown",
                    "held": "planned", "deferred": "planned", "accepted": "accepted", "fresh": "planned",
                ])
            #expect(report.madeUnknown == [.planned: 2, .claimed: 1, .handed: 1])
            #expect(report.spared == 2)
            #expect(try session.value("select count(*) from claims", as: Int64.self) == 0)
            #expect(try session.value("select count(*) from unknown_messages", as: Int64.self) == 4)
            #expect(try session.value("select count(*) from fences", as: Int64.self) == 1)
            #expect(try Lineages.check(in: session) == Self.until)
            let after = try Lineages.standing(in: session)
            #expect(after.mark > before.mark + 1_000_000_000, "no mark from before is ever greater")
            #expect(after.refusal == nil && after.recorded == after.actual)
        }
    }

    /// A wait counts from when the mail would have gone, so that a run stands where it stood in the store before.
    @Test func runsGoOnFromWhenTheMailWouldHaveGone() async throws {
        try await withMessages { session in
            _ = try Fence.raise(Self.order, machineNow: noon, in: session)
            for (name, instant) in [("planned", noon), ("late", Self.until), ("handed", noon + .seconds(3))] {
                let run = id("run \(name)")
                let final: Timestamp = try session.value("select final_at from messages where run_id = \(run)")
                #expect(final == instant, "\(name)")
                #expect(try session.isRung(run), "\(name)")
            }
        }
    }

    @Test func unknownOnesAreListedAfterAMergeToo() async throws {
        try await withMessages { session in
            _ = try Fence.raise(Self.order, machineNow: noon, in: session)
            try Merging.merge(contact("planned"), into: contact("claimed"), now: noon, in: session)
            let entries = try UnknownMessages.latest(of: shop, limit: 10, in: session)
            #expect(entries.count == 4)
            #expect(entries.first?.message.id == id("message late"))
            #expect(Set(entries.map(\.reply)) == ["it may have been sent before the store was restored"])
        }
    }

    @Test func asManyFencesAsRestores() async throws {
        try await withMessages { session in
            _ = try Fence.raise(Self.order, machineNow: noon, in: session)
            let mark = try Lineages.standing(in: session).mark
            try Lineages.refuse("again", machineNow: noon, in: session)
            var second = Self.order
            second.id = id("second")
            second.sentUntil = noon
            #expect(try Fence.raise(second, machineNow: noon, in: session).messages.isEmpty)
            #expect(try Lineages.standing(in: session).mark > mark)
            #expect(try Lineages.check(in: session) == Self.until, "an earlier restore's time still holds")
        }
    }
}
