import JourneyProgram
import Model

/// How many may enter a broadcast at an instant, so that its throttle is kept however many schedulers walk it: the place in
/// time stands in the store and moves with those who enter.
struct BroadcastPace {
    /// What was not used within this time is gone: after an outage or a pause nothing floods.
    private static let longest = Span.seconds(1)

    private let interval: Span?
    private let start: Timestamp
    private let now: Timestamp

    init(_ throttle: Broadcast.Throttle?, next: Timestamp?, now: Timestamp) {
        interval = throttle?.interval
        start = max(next ?? now, now - Self.longest)
        self.now = now
    }

    /// How many may enter now.
    var slots: Int32 {
        guard let interval else { return .max }
        guard now >= start else { return 0 }
        return Int32(clamping: (now - start).microseconds / interval.microseconds + 1)
    }

    /// From when on the next may enter, after so many have.
    func next(after entered: Int) -> Timestamp {
        guard let interval else { return now }
        return start + Span(microseconds: interval.microseconds * Int64(entered))
    }
}
