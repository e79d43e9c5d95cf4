public import Model

/// What the gate says of a message at one instant.
public enum Verdict: Sendable, Hashable {
    /// It may be sent. Time alone cannot change that before `validUntil` (`.distantFuture`: never); hand-over must
    /// begin before it.
    case send(validUntil: Timestamp)
    /// It will not be sent, and waiting does not help.
    case skip(reasons: Reasons)
    /// It may not be sent now; ask again at `until`.
    case hold(until: Timestamp, reasons: Reasons)

    /// Why it is not sent; empty where it is.
    public var reasons: Reasons {
        switch self {
        case .send: []
        case .skip(let reasons), .hold(_, let reasons): reasons
        }
    }
}
