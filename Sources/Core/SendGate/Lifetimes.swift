public import Model

/// How long a mail is worth sending after it was planned, by class.
///
/// Where a step comes late, its own policy says whether it plans a mail at all; from then on the lifetime counts, whatever
/// keeps the mail back: a server that puts it off, quiet hours, a cap, a pause, a limit on the pace, mailers that are away.
public struct Lifetimes: Sendable, Hashable {
    /// As long as mail servers keep trying: a weekend in which its sender stands still loses nothing that is owed.
    public static let usualTransactional = Span.days(4)
    /// What a warm-up or a cap holds may take weeks; after a month it is stale.
    public static let usualMarketing = Span.days(30)
    /// What may be set.
    public static let bounds = Span.minutes(1)...Span.days(92)

    public var transactional: Span
    public var marketing: Span

    public init(transactional: Span = usualTransactional, marketing: Span = usualMarketing) {
        self.transactional = transactional
        self.marketing = marketing
    }

    /// The instant from which a mail is not sent any more.
    ///
    /// - Parameters:
    ///   - own: what its e-mail says instead.
    ///   - plannedAt: when it was due to go.
    public func end(of messageClass: MessageClass, own: Span? = nil, plannedAt: Timestamp) -> Timestamp {
        let usual = messageClass == .transactional ? transactional : marketing
        return plannedAt + (own ?? usual)
    }
}
