import Testing

/// A server that is away, in some way and for so long.
struct Outage<Way: RawRepresentable & Sendable>: Sendable, CustomStringConvertible, CustomTestStringConvertible
where Way.RawValue == String {
    var way: Way
    var length: Duration

    var description: String { "\(way.rawValue) \(length.components.seconds) s" }
    var testDescription: String { description }
}

/// Runs `body`, and returns no sooner than after `length`: how long a fault lasts is what is tried, and no condition stands for
/// it.
func lasting(_ length: Duration, _ body: () async throws -> Void = {}) async throws {
    let end = ContinuousClock.now + length
    try await body()
    try await Task.sleep(until: end, clock: .continuous)
}
