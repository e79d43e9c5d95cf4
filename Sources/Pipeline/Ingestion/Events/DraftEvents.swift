import Contracts
import Model

/// Drafts in the form of the wire, one behind the other: what was read of a request goes into the broker's body by one
/// copy, and only its times are written over.
struct DraftEvents: Sendable {
    private struct Place {
        /// The first byte behind the event.
        var end: Int
        /// Where its two times stand.
        var times: Int
        var occurrence: DraftEvent.Occurrence
        var trust: AcceptedEvent.Trust
    }

    private var writer: WireWriter
    private var places: [Place] = []

    /// - Parameters:
    ///   - capacity: how many events will be appended, as far as that is known.
    ///   - bytes: of all of them, about.
    init(capacity: Int = 0, bytes: Int = 0) {
        writer = WireWriter(capacity: bytes)
        places.reserveCapacity(capacity)
    }

    init(_ drafts: [DraftEvent]) {
        self.init(capacity: drafts.count)
        for draft in drafts { append(EventRecord(draft.event), draft.occurrence) }
    }

    mutating func append(_ event: EventRecord, _ occurrence: DraftEvent.Occurrence) {
        let times = event.write(to: &writer)
        places.append(Place(end: writer.count, times: times, occurrence: occurrence, trust: event.trust))
    }

    var count: Int { places.count }
    /// Bytes that they take in a body.
    var size: Int { writer.count }

    /// Bytes of memory, about.
    var memory: Int { size + count * MemoryLayout<Place>.stride + 384 }

    /// Where an event stands.
    private func bytes(of index: Int) -> Range<Int> { (index == 0 ? 0 : places[index - 1].end)..<places[index].end }

    /// Bytes that some of them take in a body.
    func size(of range: Range<Int>) -> Int {
        range.isEmpty ? 0 : places[range.upperBound - 1].end - bytes(of: range.lowerBound).lowerBound
    }

    /// How many of those from `first` on go into `room` bytes.
    func count(from first: Int, within room: Int) -> Int {
        let start = bytes(of: first).lowerBound
        if size - start <= room { return count - first }
        return places[first...].firstIndex { $0.end - start > room }! - first
    }

    /// Appends some of them to a body, received at this instant.
    func write(_ range: Range<Int>, receivedAt receipt: Timestamp, to body: inout WireWriter) {
        guard !range.isEmpty else { return }
        let start = bytes(of: range.lowerBound).lowerBound
        let shift = body.count - start
        body.append(writer.bytes[start..<places[range.upperBound - 1].end])
        for place in places[range] {
            let time = place.occurrence.time(receivedAt: receipt, trust: place.trust)
            body.replace(at: place.times + shift, with: time)
            body.replace(at: place.times + shift + 8, with: receipt)
        }
    }
}

/// The drafts one by one, made of the wire as a reader makes them.
extension DraftEvents: RandomAccessCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { count }

    subscript(index: Int) -> DraftEvent {
        var reader = WireReader(writer.bytes, from: bytes(of: index).lowerBound)
        guard let event = try? AcceptedEvent(from: &reader) else { preconditionFailure("an event was written wrongly") }
        return DraftEvent(event: event, occurrence: places[index].occurrence)
    }
}
