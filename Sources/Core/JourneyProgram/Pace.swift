public import Model

/// How many runs may begin at an instant, so that a journey's throttle is kept however many schedulers start them: the place
/// in time stands in the store and moves with those who begin.
public struct Pace: Sendable {
    /// Whoever looks is late by less, and the pace keeps its beat; what was not used within this time is gone: after an
    /// outage or a pause nothing floods.
    private static let longest = Span.seconds(1)

    private let interval: Span?
    private let start: Timestamp
    private let now: Timestamp

    /// - Parameters:
    ///   - throttle: nil: none.
    ///   - next: from when on the next may begin, as ``next(after:)`` said last; nil: nobody has begun.
    public init(_ throttle: Broadcast.Throttle?, next: Timestamp?, now: Timestamp) {
        interval = throttle?.interval
        self.now = now
        guard let next, next < now - Self.longest else {
            start = next ?? now
            return
        }
        // Of a slow pace nothing is made up for, so that in no length of time more begin than it says.
        start = (interval ?? .zero) > Self.longest ? now : now - Self.longest
    }

    /// How many may begin now.
    public var slots: Int32 {
        guard let interval else { return .max }
        guard now >= start else { return 0 }
        return Int32(clamping: (now - start).microseconds / interval.microseconds + 1)
    }

    /// From when on the next may begin, after so many have.
    public func next(after entered: Int) -> Timestamp {
        guard let interval else { return now }
        return start + Span(microseconds: interval.microseconds * Int64(entered))
    }
}
