import Postgres
import Store
import Transit

/// The store as a mailer uses it: whoever finds it away closes the gate for marketing, and doubts that it is the same store
/// when it is back.
///
/// A use that takes longer than the edge waits for a withdrawal counts as finding it away, even where it succeeds: during a
/// stall the edge may have recorded what it could not apply.
struct GuardedStore: Sendable {
    let pool: PostgresPool
    let gate: WithdrawalGate
    let lineage: LineageWatch
    var patience = Patience()

    /// How long something may take before withdrawals may have been missed meanwhile.
    struct Patience: Sendable {
        /// A use of the store: a little less than the patience of the edge, which is three seconds.
        var use = Duration.milliseconds(2_500)
        /// A use after which claims may have run out before their mailers could prolong them.
        var claims = Duration.seconds(10)
        /// The fence of a message with a topic, and again from there to its final dot: less than withdrawals wait.
        var handing = Duration.milliseconds(1_500)
    }

    /// As `PostgresPool.withRepeatedTransaction`.
    func transaction<R: Sendable>(_ body: @Sendable (PostgresSession) throws -> R) async throws -> R {
        try await watching { try await pool.withRepeatedTransaction(body) }
    }

    /// As `PostgresPool.withConnection`.
    func statement<R: Sendable>(_ body: @Sendable (PostgresSession) throws -> R) async throws -> R {
        try await watching { try await pool.withConnection(body) }
    }

    private func watching<R: Sendable>(_ use: () async throws -> R) async throws -> R {
        // Lost while nobody used it, and perhaps back before anybody notices.
        if case .away = pool.state { await close() }
        let start = ContinuousClock.now
        do {
            let result = try await use()
            let time = ContinuousClock.now - start
            if time > patience.use { await gate.close(after: time > patience.claims) }
            return result
        } catch {
            if isOutage(error) { await close() }
            if case StoreError.lineageChanged = error { await lineage.doubt() }
            throw error
        }
    }

    private func close() async {
        await gate.close()
        await lineage.doubt()
    }
}

/// Whether an error says that the store failed us, so that others may have found it away too.
func isOutage(_ error: any Error) -> Bool {
    guard let error = error as? PostgresError, isTransient(error) else { return false }
    return !error.isSerializationConflict && error.code != .cancelled
}

/// Runs `body` to its end even where the calling task is cancelled.
func uninterrupted<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
    // Awaited right here; a task of its own because cancellation does not reach it.
    try await Task { try await body() }.value
}
