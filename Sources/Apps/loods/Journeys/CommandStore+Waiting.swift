import Store

extension CommandStore {
    /// How long to wait for workers that may not have seen a change yet.
    private static let patience = Duration.seconds(10)

    /// Returns when all transactions that are open now have ended, and after ten seconds at the latest.
    func untilOthersHaveEnded() async throws {
        let mark = try await transaction { try Pauses.mark(in: $0) }
        let end = ContinuousClock.now + Self.patience
        while try await !transaction({ try Pauses.hasPassed(mark, in: $0) }) {
            guard ContinuousClock.now < end else {
                return Console.note("a transaction goes on since before: what it plans is not seen yet")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
