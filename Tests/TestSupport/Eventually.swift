public import Testing

extension Duration {
    /// What nothing takes that goes on at all, on a machine that does much else, stands still at times, or runs a build for
    /// the thread sanitizer.
    public static let longEnough = Duration.seconds(300)
}

/// Waits until `condition` holds, looking again every `pause`.
///
/// Records an issue and throws where it does not hold within `bound`, so that what follows may rely on it.
public func eventually(
    _ what: String, within bound: Duration = .longEnough, every pause: Duration = .milliseconds(5),
    sourceLocation: SourceLocation = #_sourceLocation, isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    _ = try await eventually(what, within: bound, every: pause, sourceLocation: sourceLocation) {
        try await condition() ? true : nil
    }
}

/// Waits until `value` gives one, and returns it; otherwise like
/// ``eventually(_:within:every:sourceLocation:isolation:_:)``.
public func eventually<Value>(
    _ what: String, within bound: Duration = .longEnough, every pause: Duration = .milliseconds(5),
    sourceLocation: SourceLocation = #_sourceLocation, isolation: isolated (any Actor)? = #isolation,
    value: () async throws -> Value?
) async throws -> Value {
    if let value = try await first(within: bound, every: pause, value: value) { return value }
    let fault = TestSupportError("not within \(bound): \(what)")
    Issue.record(fault, sourceLocation: sourceLocation)
    throw fault
}

/// Whether `condition` comes to hold within `bound`, looking again every `pause`.
public func comesTrue(
    within bound: Duration, every pause: Duration = .milliseconds(5), isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws -> Bool {
    try await first(within: bound, every: pause) { try await condition() ? true : nil } ?? false
}

private func first<Value>(
    within bound: Duration, every pause: Duration, isolation: isolated (any Actor)? = #isolation,
    value: () async throws -> Value?
) async throws -> Value? {
    let deadline = ContinuousClock.now + bound
    while true {
        if let value = try await value() { return value }
        guard ContinuousClock.now < deadline else { return nil }
        try await Task.sleep(for: pause)
    }
}
