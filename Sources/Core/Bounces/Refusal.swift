/// Why a server does not take a mail, or has given it up: as codes tell by themselves (RFC 3463, RFC 5248), and its words
/// where they say little.
public struct Refusal: Sendable, Hashable {
    /// By who could mend it.
    public enum Kind: String, Sendable, CaseIterable {
        /// There is no such address, and there will be none.
        case invalid
        /// The address is there, and its box takes nothing: full, disabled, over its limit.
        case mailbox
        /// The server wants nothing from this sender, or not so: reputation, authentication, access. No fault of the
        /// recipient's.
        case policy
        /// The server does not want this mail: taken for spam, infected, too large, malformed.
        case content
        /// Not for now, or for a reason that passes.
        case transient
        /// For good, and neither code nor words tell why.
        case unclear
    }

    /// What the server was asked when it refused.
    public enum Moment: Sendable {
        /// To take a mail of this sender (`MAIL FROM`): what it says is said of the sender.
        case sender
        /// To take one for this recipient, or this mail; or nobody knows any more.
        case mail
    }

    public var kind: Kind
    /// Nil where the server gave no code by which it could be told.
    public var status: EnhancedStatus?
    /// Whether it names what holds for all mails of the sender: that they cannot be authenticated, or where they come from
    /// is listed. A policy that does not may be one recipient's own.
    public var blamesSender: Bool

    /// - Parameters:
    ///   - replyCode: the three digits (RFC 5321, section 4.2).
    ///   - words: what stands behind them, the enhanced code included where there is one.
    public init(replyCode: Int, words: String, at moment: Moment = .mail) {
        let text = ByteText(Array(words.utf8.prefix(Self.longestWords)))
        let stated = text.status.flatMap { $0.class == replyCode / 100 ? $0 : nil }
        let evidence = Judgement.Evidence(status: stated, replyCode: replyCode, words: text)
        var known = Judgement.known(of: evidence)
        // Of a recipient nothing was asked yet: who is not known is the sender.
        if moment == .sender, replyCode >= 500, known != .content, known != .transient { known = .policy }
        self.init(known ?? .policy, status: stated, words: words)
        if known == nil { kind = .unclear }
    }

    /// What a report says of a mail; nil where it does not say that it was given up.
    public init?(_ bounce: Bounce) {
        switch bounce.class {
        case .invalid, .mailbox, .policy, .content, .transient: break
        case .complaint, .autoReply, .delivered, .none: return nil
        }
        self.init(bounce.class, status: bounce.status, words: bounce.reason)
        let evidence = Judgement.Evidence(
            status: bounce.status, replyCode: bounce.replyCode, words: ByteText(Array(bounce.reason.utf8)),
            isFinal: true)
        if kind == .policy, Judgement.known(of: evidence) == nil { kind = .unclear }
    }

    private static let longestWords = 1_000

    private init(_ class: Bounce.Class, status: EnhancedStatus?, words: String) {
        let isCoded = status?.blamesSender == true
        let isSaid = Phrases.firmPolicy.occur(in: ByteText(Array(words.utf8)))
        var kind = Kind(rawValue: `class`.rawValue) ?? .unclear
        // Lists of senders are named after spam; and who cannot be authenticated is told so of whatever address.
        let isOfPolicy = status.map { $0.subject == 7 } ?? true
        if kind == .content && isOfPolicy && isSaid || (kind == .content || kind == .invalid) && isCoded {
            kind = .policy
        }
        self.kind = kind
        self.status = status
        blamesSender = kind == .policy && (isCoded || isSaid)
    }
}

extension EnhancedStatus {
    /// What large providers answer where mails fail SPF, DKIM, DMARC, reverse DNS or TLS, come too fast, or from a listed
    /// address: 5.7.20 to 5.7.32 (RFC 7372, RFC 8616 and Gmail), 5.7.5xx and 5.7.6xx (Outlook).
    var blamesSender: Bool { subject == 7 && ((20...32).contains(detail) || (500...699).contains(detail)) }
}
