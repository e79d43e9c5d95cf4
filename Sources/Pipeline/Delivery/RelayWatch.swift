import Logging

/// Whether the mail relay takes mail, as the deliveries find out; says so in the log once per change.
///
/// While it is away nothing is claimed for it: a pause of a second at first, doubled up to half a minute, then another try.
actor RelayWatch {
    private var condition = RelayCondition()
    private var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    private var lastListener = 0
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Whether to try nothing at the moment.
    var isPaused: Bool { condition.isPaused(at: .now) }

    /// A server has spoken to a delivery.
    func noteAnswer() {
        if condition.answered(at: .now) { logger.notice("the mail relay is back") }
    }

    /// A delivery that was begun at `start` found no server to speak to.
    func noteFailure(_ reason: String, begun start: ContinuousClock.Instant) {
        switch condition.failed(begun: start, at: .now) {
        case .none: return
        case .paused: logger.debug("the mail relay is still away", metadata: ["reason": "\(reason)"])
        case .gone: logger.warning("the mail relay is away", metadata: ["reason": "\(reason)"])
        }
        for listener in listeners.values { listener.finish() }
    }

    /// Returns when a pause begins, at once during one, or when the task is cancelled.
    func untilPaused() async {
        guard !isPaused else { return }
        let (pauses, listener) = AsyncStream.makeStream(of: Void.self)
        lastListener += 1
        let id = lastListener
        listeners[id] = listener
        for await _ in pauses {}
        listeners[id] = nil
    }
}

/// What is known of a relay: a value without clocks or connections.
struct RelayCondition {
    enum News {
        case none
        /// A pause begins, after one that was in vain.
        case paused
        /// The first pause begins.
        case gone
    }

    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(30)

    private var failures = 0
    private var pauseEnd: ContinuousClock.Instant?
    private var lastAnswer: ContinuousClock.Instant?

    func isPaused(at now: ContinuousClock.Instant) -> Bool { pauseEnd.map { now < $0 } ?? false }

    /// Whether the last attempts were in vain.
    var isAway: Bool { failures > 0 }

    /// - Returns: whether it was away before.
    mutating func answered(at now: ContinuousClock.Instant) -> Bool {
        defer { (failures, pauseEnd, lastAnswer) = (0, nil, now) }
        return failures > 0
    }

    /// A failure counts where nobody has had an answer since that attempt was begun (else it was that connection's alone,
    /// as with a relay that limits their number), and once a pause.
    mutating func failed(begun start: ContinuousClock.Instant, at now: ContinuousClock.Instant) -> News {
        if let lastAnswer, lastAnswer > start { return .none }
        guard !isPaused(at: now) else { return .none }
        failures += 1
        pauseEnd = now + min(Self.firstPause * (1 << min(failures - 1, 5)), Self.longestPause)
        return failures == 1 ? .gone : .paused
    }
}
