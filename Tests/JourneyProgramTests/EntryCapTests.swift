import JourneyProgram
import Model
import Testing

/// At most so many entries into a journey.
struct EntryCapTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    @Test func anEntryCountsUntilItsTimeIsOver() {
        let cap = EntryCap(atMost: 1, within: .hours(1))
        #expect(cap.counts(Self.start, at: Self.start))
        #expect(cap.counts(Self.start, at: Self.start + .hours(1) - Span(microseconds: 1)))
        #expect(!cap.counts(Self.start, at: Self.start + .hours(1)))
        #expect(EntryCap(atMost: 1).counts(Self.start, at: Self.start + .days(4_000)))
        #expect(cap.words == "1 in 1h" && EntryCap(atMost: 9).words == "9 in all")
    }

    @Test func theFirstCapThatIsFullTurnsAway() {
        let caps = [EntryCap(atMost: 2, within: .days(1)), EntryCap(atMost: 3)]
        var count = EntryCount(caps, entered: [0, 1])
        #expect(count.full == nil)
        count.letIn()
        count.letIn()
        #expect(count.full == caps[0] && count.entered == [2, 3])
        #expect(EntryCount(caps, entered: [0, 3]).full == caps[1])
        #expect(EntryCount([], entered: []).full == nil)
    }

    @Test func whatIsRecordedTellsTheCap() {
        for cap in [EntryCap(atMost: 5, within: .days(30)), EntryCap(atMost: 7)] {
            #expect(Journey.cap(in: .object(Journey.sight(of: cap))) == cap)
        }
        #expect(Journey.cap(in: nil) == nil && Journey.cap(in: .object([:])) == nil)
    }
}
