import Synchronization

/// A mail of which the server has all but the final dot, and which it does not own yet.
///
/// It must be settled, once, by `commit` or `abandon`; one that is let go of counts as abandoned.
public final class PreparedDelivery: Sendable {
    private let connection: SMTPConnection
    private let release: @Sendable () -> Void
    private let isSettled = Atomic(false)

    init(_ connection: SMTPConnection, release: @escaping @Sendable () -> Void) {
        self.connection = connection
        self.release = release
    }

    deinit {
        if !isSettled.load(ordering: .acquiring) { connection.drop() }
    }

    /// Sends the final dot and awaits the answer, for up to ten minutes (RFC 5321, section 4.5.3.2.6). It does so even
    /// when the task is cancelled. Where the delivery was settled before, nothing is sent: `deferred(alreadySettled)`.
    ///
    /// - Parameters:
    ///   - instant: from then on it is too late: nothing is sent, and the outcome is `deferred(cancelled)`.
    ///   - whenSent: called on the connection's event loop once the dot is on its way.
    public func commit(
        before instant: ContinuousClock.Instant? = nil, whenSent: @escaping @Sendable () -> Void = {}
    ) async -> SMTPOutcome {
        guard settle() else { return .deferred(SMTPError(.alreadySettled, .finalDot)) }
        let outcome = await connection.commit(before: instant, whenSent: whenSent)
        release()
        return outcome
    }

    /// Closes the connection without the final dot, so that the server discards the mail. Returns when it is closed.
    public func abandon() async {
        guard settle() else { return }
        await connection.close()
    }

    private func settle() -> Bool { !isSettled.exchange(true, ordering: .acquiringAndReleasing) }
}
