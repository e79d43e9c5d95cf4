/// What a load of its own rate keeps between two of its requests. Nobody waits for it to pass: conditions are awaited with
/// `eventually`.
public struct Pace: Sendable {
    private let interval: Duration
    private var due = ContinuousClock.now

    public init(every interval: Duration) { self.interval = interval }

    /// Returns when the next is due; what was held up is not made up for.
    public mutating func next() async throws {
        due = max(due + interval, .now)
        try await Task.sleep(until: due, clock: .continuous)
    }
}
