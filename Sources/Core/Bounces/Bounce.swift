/// What a mail that came back says of one recipient of a mail of ours.
public struct Bounce: Sendable, Hashable {
    /// What has become of the mail, by who could mend it.
    public enum Class: String, Sendable, CaseIterable {
        /// There is no such address, and there will be none.
        case invalid
        /// The address is there, and its box takes nothing: full, disabled, over its limit.
        case mailbox
        /// The receiver wants nothing from this sender, or not so: reputation, authentication, rates, access.
        case policy
        /// The receiver does not want this mail: taken for spam, infected, too large, malformed.
        case content
        /// It was not delivered for now, or for a reason that passes.
        case transient
        /// The recipient called it spam.
        case complaint
        /// A person's mail program answered; the mail was delivered.
        case autoReply = "auto-reply"
        case delivered
        /// The mail says nothing of any other one.
        case none
    }

    /// The address that the mail did not reach, as the report writes it; nil where none is named.
    public var recipient: String?
    public var `class`: Class
    /// The enhanced status code (RFC 3463), derived from the rest where the report has none; nil for what is no bounce.
    public var status: EnhancedStatus?
    /// The receiver's three digits, as far as they are told.
    public var replyCode: Int?
    /// The receiver's words, on one line of at most 300 bytes.
    public var reason: String
    /// Whether whoever tells of it will try on.
    public var isDelay = false

    public init(
        recipient: String? = nil, class: Class, status: EnhancedStatus? = nil, replyCode: Int? = nil,
        reason: String = ""
    ) {
        self.recipient = recipient
        self.class = `class`
        self.status = status
        self.replyCode = replyCode
        self.reason = reason
    }
}

/// An enhanced mail system status code (RFC 3463): `5.1.1`.
public struct EnhancedStatus: Sendable, Hashable, CustomStringConvertible {
    /// 2 delivered, 4 not yet, 5 not at all.
    public var `class`: Int
    /// What it is about: 1 the address, 2 the box, 3 the system, 4 the way there, 5 the protocol, 6 the content, 7 policy.
    public var subject: Int
    public var detail: Int

    public init(_ class: Int, _ subject: Int, _ detail: Int) {
        (self.class, self.subject, self.detail) = (`class`, subject, detail)
    }

    public var description: String { "\(`class`).\(subject).\(detail)" }

    /// Whether it says no more than its first digit.
    var isBare: Bool { subject == 0 && detail == 0 }
}
