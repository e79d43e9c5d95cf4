import Logging
import Synchronization

/// Says once that events cannot be published, and once that they can again, with what the outage meant to senders.
final class GroupOutage: Sendable {
    private struct State {
        var since: ContinuousClock.Instant?
        var refused = 0
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Senders were told to come again.
    func refused(_ count: Int) {
        if count > 0 { state.withLock { $0.refused += count } }
    }

    func failed(_ sentence: Logger.Message, _ error: any Error) {
        let isNews = state.withLock { state in
            defer { state.since = state.since ?? .now }
            return state.since == nil
        }
        guard isNews else { return }
        logger.warning(sentence, metadata: ["reason": "\(error)"])
    }

    func succeeded() {
        let past = state.withLock { state in
            guard state.since != nil else { return State?.none }
            defer { state = State() }
            return state
        }
        guard let past, let since = past.since else { return }
        logger.notice(
            "events are published again",
            metadata: ["after": "\(ContinuousClock.now - since)", "requests_refused": "\(past.refused)"])
    }
}
