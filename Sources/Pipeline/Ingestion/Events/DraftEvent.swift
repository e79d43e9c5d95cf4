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
    }

    var event: AcceptedEvent
    var occurrence: Occurrence

    func received(at receipt: Timestamp) -> AcceptedEvent {
        var event = event
        event.receivedAt = receipt
        event.at =
            switch occurrence {
            case .stated(let time): time
            case .before(let span): receipt - span
            case .onReceipt: receipt
            }
        // Points fade from when they were earned on: a stranger's event of next year would weigh as much as years of others.
        if event.trust == .publicKey { event.at = min(event.at, receipt) }
        return event
    }

    /// About how many bytes the event takes in a body.
    var size: Int {
        event.properties.count + event.context.count + event.eventID.utf8.count + event.name.utf8.count
            + event.aliases.reduce(0) { $0 + $1.value.utf8.count + 8 } + 384
    }
}
