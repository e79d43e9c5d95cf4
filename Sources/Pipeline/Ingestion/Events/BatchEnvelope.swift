import Model

/// What a batch says once for all items that do not say it themselves; a fault of it is a fault of those.
struct BatchEnvelope {
    private let sent: Result<Timestamp?, ItemFault>
    private let shared: Result<[UInt8]?, ItemFault>

    /// For a single call, which shares nothing.
    static let none = BatchEnvelope(sent: .success(nil), shared: .success(nil))

    private init(sent: Result<Timestamp?, ItemFault>, shared: Result<[UInt8]?, ItemFault>) {
        self.sent = sent
        self.shared = shared
    }

    init(_ envelope: TrackingItem, _ limits: EdgeLimits) {
        sent = Result { () throws(ItemFault) in try EventReading.timestamp(envelope, .sentAt, "sentAt") }
        shared = Result { () throws(ItemFault) in
            if let fault = envelope.fault { throw fault }
            return try EventReading.object(envelope, .context, "context")
        }
    }

    func sentAt() throws(ItemFault) -> Timestamp? { try sent.get() }
    func context() throws(ItemFault) -> [UInt8]? { try shared.get() }
}
