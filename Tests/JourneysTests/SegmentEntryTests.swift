import Contracts
import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Entering a segment starts runs, and leaving it may end them.
@Suite struct SegmentEntryTests {
    private func entered(_ bench: Bench, _ ordinal: Int32, isBackfill: Bool = false) async throws -> Signal {
        let contact = bench.contact("anne")
        let move = SegmentMembers.Move(
            contact: contact, segment: "vip", isEntry: true, ordinal: ordinal, at: Bench.start,
            cause: isBackfill ? .backfill : .time, eventID: nil, revision: 1)
        try await bench.database.pool.withTransaction {
            try SegmentMembers.apply([move], now: Bench.start, in: $0)
        }
        return Signal(
            contact: contact, cause: .entered(segment: "vip", ordinal: ordinal, isBackfill: isBackfill),
            at: Bench.start, eventID: "", subject: contact.contact, name: "Segment Entered")
    }

    private func left(_ bench: Bench, _ ordinal: Int32) async throws -> Signal {
        let contact = bench.contact("anne")
        let move = SegmentMembers.Move(
            contact: contact, segment: "vip", isEntry: false, ordinal: ordinal, at: Bench.start, cause: .time,
            eventID: nil, revision: 1)
        try await bench.database.pool.withTransaction {
            try SegmentMembers.apply([move], now: Bench.start, in: $0)
        }
        return Signal(
            contact: contact, cause: .left(segment: "vip"), at: Bench.start, eventID: "", subject: contact.contact,
            name: "Segment Left")
    }

    @Test func eachMembershipHasItsRun() async throws {
        try await Bench.with { bench in
            _ = try await bench.happens("Page Viewed", "p")
            let first = try await entered(bench, 1)
            try await bench.act(on: first, first)
            try await bench.act(on: first)
            let entries: Query = "select journey || ' ' || entry_key from runs order by 1"
            #expect(try await bench.texts(entries) == ["vip 1", "vip-ever "])
            #expect(
                try await bench.texts("select distinct saw ->> 'segment' from decisions where kind = 'entry'") == [
                    "vip"
                ])
            try await bench.act(on: try await left(bench, 1))
            #expect(try await bench.texts("select outcome from runs where journey = 'vip'") == ["exited"])
            try await bench.act(on: try await entered(bench, 2))
            #expect(try await bench.texts(entries) == ["vip 1", "vip 2", "vip-ever "])
        }
    }

    @Test func backfillStartsWhatTakesIt() async throws {
        try await Bench.with { bench in
            _ = try await bench.happens("Page Viewed", "p")
            try await bench.act(on: try await entered(bench, 1, isBackfill: true))
            #expect(try await bench.texts("select journey from runs") == ["vip-ever"])
        }
    }
}
