import Bounces
public import Contracts
public import Model

/// What a provider who delivers our mails tells of one.
public struct ProviderEvent: Sendable, Hashable {
    /// Its words for them are ours (`loods bounces classify` tells more).
    public enum Kind: String, Sendable, CaseIterable {
        case delivered
        /// On its way still.
        case delayed
        /// Given up.
        case bounced
        /// Its recipient called it spam.
        case complained
        case unsubscribed
    }

    public var kind: Kind
    /// The enhanced status code (RFC 3463).
    public var status: String?
    /// The receiver's three digits (RFC 5321).
    public var replyCode: Int?
    /// The receiver's words.
    public var reason: String

    public init(_ kind: Kind, status: String? = nil, replyCode: Int? = nil, reason: String = "") {
        (self.kind, self.status, self.replyCode, self.reason) = (kind, status, replyCode, reason)
    }
}

extension ReturnedMail {
    /// - Parameter means: the provider's name.
    public init(_ event: ProviderEvent, of mark: MessageMark, receivedAt: Timestamp, means: String) {
        self.init(
            mark: mark, kind: Kind(event), status: event.status, words: Self.withoutAddresses(event.reason),
            receivedAt: receivedAt, means: means)
    }
}

extension ReturnedMail.Kind {
    fileprivate init(_ event: ProviderEvent) {
        switch event.kind {
        case .delivered: self = .delivered
        case .delayed: self = .delayed
        case .complained: self = .complaint
        case .unsubscribed: self = .unsubscribe
        case .bounced:
            // What has been given up is no matter of waiting, whatever the first digit says.
            let code = event.replyCode ?? (event.status?.hasPrefix("4") == true ? 450 : 550)
            let words = [event.status, event.reason].compactMap(\.self).joined(separator: " ")
            let refusal = Refusal(replyCode: code, words: words)
            self = .failed(refusal.kind.rawValue, blamesSender: refusal.blamesSender)
        }
    }
}
