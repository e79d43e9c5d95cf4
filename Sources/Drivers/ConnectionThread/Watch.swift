/// A descriptor that a ``ConnectionThread`` looks at while it has no jobs.
final class Watch: Sendable {
    let fileDescriptor: Int32
    private let timeout: Duration?
    private let onReady: @Sendable (ConnectionThread.ReadyCause) -> Void
    private let due: Locked<ContinuousClock.Instant?>

    init(
        fileDescriptor: Int32, timeout: Duration?,
        onReady: @escaping @Sendable (ConnectionThread.ReadyCause) -> Void
    ) {
        self.fileDescriptor = fileDescriptor
        self.timeout = timeout
        self.onReady = onReady
        due = Locked(timeout.map { .now + $0 })
    }

    var isDue: Bool {
        due.withLock { $0.map { $0 <= .now } ?? false }
    }

    /// For poll(2): rounded up, so that the thread does not spin through the last millisecond; -1 is for ever.
    var millisecondsLeft: Int32 {
        guard let due = due.withLock({ $0 }) else { return -1 }
        let left = (due - .now) / .milliseconds(1)
        return Int32(min(max(left.rounded(.up), 0), 86_400_000))
    }

    func call(_ cause: ConnectionThread.ReadyCause) {
        onReady(cause)
        if let timeout { due.withLock { $0 = .now + timeout } }
    }
}
