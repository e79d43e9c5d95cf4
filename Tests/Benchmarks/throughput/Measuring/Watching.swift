/// Waits until `isDone`: looks often at first, and later so rarely that looking costs little; or at a steady pace.
///
/// - Throws: `MeasurementFault`, naming `what`, when it is not done within `bound`.
func eventually(
    _ what: String, within bound: Duration = .seconds(120), every pace: Duration? = nil,
    _ isDone: () async throws -> Bool
) async throws {
    guard try await comesTrue(within: bound, every: pace, isDone) else {
        throw MeasurementFault("not within \(bound): \(what)")
    }
}

/// Whether `isDone` comes to hold within `bound`; looks as ``eventually(_:within:every:_:)`` does.
func comesTrue(
    within bound: Duration, every pace: Duration? = nil, _ isDone: () async throws -> Bool
) async throws -> Bool {
    let start = ContinuousClock.now
    while try await !isDone() {
        let elapsed = ContinuousClock.now - start
        guard elapsed < bound else { return false }
        try await Task.sleep(for: pace ?? min(.milliseconds(100), max(.milliseconds(5), elapsed / 50)))
    }
    return true
}
