/// A mail that came in, as its envelope has it.
public struct ReceivedMail: Sendable, Hashable {
    /// Empty where it is one that none may answer (RFC 5321, section 4.5.5).
    public var from: String
    /// Those of its recipients that were accepted.
    public var recipients: [String]
    /// The beginning of the mail, dots at the beginning of lines taken out: all of it where it is not too long.
    public var bytes: [UInt8]

    public init(from: String, recipients: [String], bytes: [UInt8]) {
        self.from = from
        self.recipients = recipients
        self.bytes = bytes
    }
}

/// What becomes of a mail that came in.
public enum ReceptionAnswer: Sendable {
    /// It is safe, or of no use: it need not come again.
    case taken
    /// Not now: it should come again.
    case later
}
