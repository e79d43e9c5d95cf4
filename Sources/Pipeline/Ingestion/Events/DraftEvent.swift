import Contracts
import Model

/// An accepted event that lacks only the instant of its receipt, which in stepped time its whole group shares.
struct DraftEvent: Sendable {
    /// When it happened, as far as the sender tells.
    enum Occurrence: Sendable, Hashable {
        /// The sender's timestamp, taken as it is.
        case stated(Timestamp)
        /// So long before receipt: the sender told its own clock as well, so that the clock's error falls out.
        case before(Span)
        case onReceipt

        /// - Parameter trust: who says so.
        func time(receivedAt receipt: Timestamp, trust: AcceptedEvent.Trust) -> Timestamp {
            let time =
                switch self {
                case .stated(let time): time
                case .before(let span): receipt - span
                case .onReceipt: receipt
                }
            // Points fade from when they were earned on: a stranger's event of next year would weigh as much as years of
            // others.
            return trust == .publicKey ? min(time, receipt) : time
        }
    }

    var event: AcceptedEvent
    var occurrence: Occurrence

    func received(at receipt: Timestamp) -> AcceptedEvent {
        var event = event
        event.receivedAt = receipt
        event.at = occurrence.time(receivedAt: receipt, trust: event.trust)
        return event
    }
}
