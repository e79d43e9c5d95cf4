import Bounces
public import Contracts
public import Model

extension ReturnedMail {
    /// Reads a mail that was sent to an address that names a message.
    ///
    /// - Parameters:
    ///   - isUnsubscribing: whether the address is one where people write to unsubscribe: what programs send there means
    ///     nothing.
    ///   - hasReturnPath: whether its sender may be answered; reports have none (RFC 5321, section 4.5.5).
    public init(
        _ mail: some Collection<UInt8>, to mark: MessageMark, isUnsubscribing: Bool, hasReturnPath: Bool,
        receivedAt: Timestamp, means: String
    ) {
        let bounce = BounceReader.read(mail).telling
        var kind = Kind(bounce)
        if isUnsubscribing { kind = hasReturnPath && kind == .unclear ? .unsubscribe : .unclear }
        self.init(
            mark: mark, kind: kind, status: bounce.status.map { "\($0)" }, words: Self.withoutAddresses(bounce.reason),
            receivedAt: receivedAt, means: means)
    }

    /// What stands between blanks and looks like an address is left out.
    public static func withoutAddresses(_ text: String) -> String {
        text.split(separator: " ").map { $0.contains("@") ? "<address>" : $0 }.joined(separator: " ")
    }
}

extension ReturnedMail.Kind {
    fileprivate init(_ bounce: Bounce) {
        switch bounce.class {
        case .complaint: self = .complaint
        case .autoReply: self = .autoReply
        case .delivered: self = .delivered
        case .none: self = .unclear
        case .transient where bounce.isDelay: self = .delayed
        case .invalid, .mailbox, .policy, .content, .transient:
            guard let refusal = Refusal(bounce) else {
                self = .unclear
                return
            }
            self = .failed(refusal.kind.rawValue, blamesSender: refusal.blamesSender)
        }
    }
}
