import Contracts
import Model

/// What a batch says once for all items that do not say it themselves; a fault of it is a fault of those.
struct BatchEnvelope {
    private let sent: Result<Timestamp?, ItemFault>
    private let shared: Result<EventRecord.Text?, ItemFault>
    /// Whose members `context` holds, valid only while the text is; nil for a single call.
    let envelope: TrackingItem?

    /// For a single call, which shares nothing.
    static var none: BatchEnvelope { BatchEnvelope(sent: .success(nil), shared: .success(nil), envelope: nil) }

    private init(
        sent: Result<Timestamp?, ItemFault>, shared: Result<EventRecord.Text?, ItemFault>, envelope: TrackingItem?
    ) {
        self.sent = sent
        self.shared = shared
        self.envelope = envelope
    }

    init(_ envelope: TrackingItem, _ limits: EdgeLimits) {
        self.envelope = envelope
        sent = Result { () throws(ItemFault) in try EventReading.timestamp(envelope, .sentAt, "sentAt") }
        shared = Result { () throws(ItemFault) in
            if let fault = envelope.fault { throw fault }
            return try EventReading.object(envelope, .context, "context")
        }
    }

    func sentAt() throws(ItemFault) -> Timestamp? { try sent.get() }
    func context() throws(ItemFault) -> EventRecord.Text? { try shared.get() }
}
