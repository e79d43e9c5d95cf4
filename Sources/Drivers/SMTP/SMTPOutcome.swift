/// What became of a mail whose final dot was to be sent.
public enum SMTPOutcome: Sendable, Hashable {
    /// The server has taken it over.
    case accepted(SMTPReply)
    /// The server has not taken it, or the dot was never sent: it may be tried again.
    case deferred(SMTPError)
    /// The server has refused it for good.
    case refused(SMTPError)
    /// The dot was sent and no answer understood: the server may have taken it or not.
    case unknown(SMTPError)
}
