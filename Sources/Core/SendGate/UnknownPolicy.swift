/// What becomes, by class, of a mail of which nobody knows whether it was sent: its mailer died, or its connection broke,
/// between the final dot and the server's answer (RFC 5321 section 6.1 leaves such a mail to either side).
public struct UnknownPolicy: Sendable, Hashable {
    public enum Choice: String, Sendable, CaseIterable {
        /// It is sent again, once, with the same Message-ID: some get it twice, and nobody goes without it.
        case resend
        /// It stays unknown: nobody gets it twice, and some go without it.
        case hold
    }

    /// A receipt twice annoys; none at all leaves somebody locked out, or unsure of what they have bought.
    public var transactional = Choice.resend
    public var marketing = Choice.hold

    public init(transactional: Choice = .resend, marketing: Choice = .hold) {
        self.transactional = transactional
        self.marketing = marketing
    }

    public func resends(_ messageClass: MessageClass) -> Bool {
        (messageClass == .transactional ? transactional : marketing) == .resend
    }
}
