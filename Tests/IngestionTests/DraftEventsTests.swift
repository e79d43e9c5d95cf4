import Contracts
import Model
import Testing

@testable import Ingestion

/// What the edge writes without making events is what an event writes of itself.
@Suite struct DraftEventsTests {
    private static let id = UniqueID(high: 1, low: 2)

    /// The body of some drafts, in the form of the wire.
    private func body(_ drafts: DraftEvents, stamp: Timestamp? = nil) throws -> [UInt8] {
        let bodies = GroupBodies([(drafts: drafts, receivedAt: receipt)], freshID: { Self.id }).bodies
        try #require(bodies.count == 1)
        return bodies[0].encoded(stamp: stamp)
    }

    private static let items = """
        {"type":"track","userId":"u","event":"E","properties":{"a":[1,2]},"context":{"ip":"192.0.2.1"}},
        {"type":"track","userId":"\\u00fc","anonymousId":"a\\n","event":"\\"E\\"","timestamp":"2026-03-01T00:00:00Z"},
        {"type":"identify","anonymousId":"a","traits":{"email":"Zoë@Example.com"},"messageId":"m"},
        {"type":"page","userId":7,"name":"Home","category":"C","properties":{ },"messageId":12},
        {"type":"screen","userId":"u","properties":{"x":1},"name":"Home"},
        {"type":"group","userId":"u","groupId":"g","traits":{}},
        {"type":"alias","userId":"u","previousId":"p"},
        {"type":"track","event":"E","properties":{"email":"a@b.example"},
         "sentAt":"2026-03-01T00:00:01Z","timestamp":"2026-03-01T00:00:00Z"}
        """

    @Test func theBytesAreThoseOfTheEvents() throws {
        let request = try batch("{\"batch\":[\(Self.items)],\"context\":{\"b\":1},\"sentAt\":\"2026-03-01T00:00:02Z\"}")
        #expect(request.rejected.isEmpty)
        let bytes = try body(request.drafts)
        let events = request.drafts.map { $0.received(at: receipt) }
        #expect(events.count == 8)
        #expect(bytes == EventBatch(id: Self.id, events: events).encoded)
        #expect(try EventBatch(decoding: bytes).events == events)
    }

    @Test func madeEventsHaveTheSameForm() throws {
        let drafts = (0..<3).map { draft("\($0)", bytes: $0) }
        let expected = EventBatch(id: Self.id, events: drafts.map { $0.received(at: receipt) })
        #expect(try body(DraftEvents(drafts)) == expected.encoded)
    }

    @Test func aSharedInstantIsWrittenOverEachReceipt() throws {
        let instant = try #require(Timestamp(iso8601: "1997-01-01T00:00:00Z"))
        let request = try batch("{\"batch\":[\(Self.items)]}")
        let events = try EventBatch(decoding: try body(request.drafts, stamp: instant)).events
        #expect(events == request.drafts.map { $0.received(at: instant) })
    }

    @Test func eventsLieInBodiesOfTheLimitInTheirOrder() throws {
        let groups = (0..<40).map { sender in
            (
                drafts: DraftEvents((0..<sender % 5).map { draft("\(sender)-\($0)", bytes: 50 * sender) }),
                receivedAt: receipt
            )
        }
        let limit = 4_000
        let parts = GroupBodies(groups, limit: limit, freshID: UniqueID.random)
        let bodies = parts.bodies.map { $0.encoded(stamp: nil) }
        #expect(bodies.count > 10)
        #expect(bodies.allSatisfy { $0.count <= limit })
        let events = try bodies.map { try EventBatch(decoding: $0).events }
        #expect(events.flatMap(\.self) == groups.flatMap { $0.drafts.map { $0.received(at: receipt) } })
        for (sender, place) in parts.places.enumerated() where sender % 5 > 0 {
            for event in groups[sender].drafts.map(\.event.eventID) {
                #expect(events[place].contains { $0.contains { $0.eventID == event } })
            }
        }
    }
}
