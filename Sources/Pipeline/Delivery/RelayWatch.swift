import Logging
import Metrics

/// Whether the mail relays take mail, as the deliveries find out; says so in the log once per change.
///
/// While one is away it is tried seldom: after a pause of a second at first, doubled up to half a minute. While all are,
/// nothing is claimed for them.
actor RelayWatch {
    private let names: [String]
    private var conditions: [RelayCondition]
    private var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    private var lastListener = 0
    private let logger: Logger

    /// - Parameter names: what the relays are called, in their order.
    init(of names: [String], logger: Logger) {
        (self.names, self.logger) = (names, logger)
        conditions = Array(repeating: RelayCondition(), count: names.count)
        for name in names { Self.gauge(name).record(0) }
    }

    /// Whether to try nothing at the moment: all rest.
    var isPaused: Bool { resting.count == conditions.count }

    /// Those that are not to be tried at the moment.
    var resting: Set<Int> {
        let now = ContinuousClock.now
        return Set(conditions.indices.filter { conditions[$0].isPaused(at: now) })
    }

    /// A server has spoken to a delivery.
    func noteAnswer(of relay: Int) {
        guard conditions[relay].answered(at: .now) else { return }
        Self.gauge(names[relay]).record(0)
        logger.notice("the mail relay is back", metadata: ["relay": "\(names[relay])"])
    }

    /// A delivery that was begun at `start` found no server to speak to.
    func noteFailure(of relay: Int, _ reason: String, begun start: ContinuousClock.Instant) {
        let metadata: Logger.Metadata = ["relay": "\(names[relay])", "reason": "\(reason)"]
        switch conditions[relay].failed(begun: start, at: .now) {
        case .none: return
        case .paused: logger.debug("the mail relay is still away", metadata: metadata)
        case .gone:
            Self.gauge(names[relay]).record(1)
            logger.warning("the mail relay is away", metadata: metadata)
        }
        guard isPaused else { return }
        for listener in listeners.values { listener.finish() }
    }

    private static func gauge(_ name: String) -> Gauge {
        Gauge(label: "loods_relay_away", dimensions: [("relay", name)])
    }

    /// Returns when all rest, at once while they do, or when the task is cancelled.
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
