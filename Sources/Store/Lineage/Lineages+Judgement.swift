public import Model

extension Lineages {
    /// The newest mark that mailers have published.
    public enum Published: Sendable, Hashable {
        /// The broker is away: nothing is known.
        case unreachable
        /// The broker has none.
        case none
        case mark(Int64, at: Timestamp)
    }

    /// What follows for mailers.
    public enum Judgement: Sendable, Hashable {
        /// It is the store that mails are sent from.
        case stands
        /// It is another one that has lost nothing: a standby that took over, or the first of all.
        case accept
        /// Nothing can be said yet, and why.
        case wait(String)
        /// It was restored, and does not know all that was sent.
        case refuse(String)
    }

    /// Judges a store by the newest mark that was published from the one before.
    ///
    /// - Parameter hasClaimed: whether a mailer has ever taken a message of it.
    public static func judge(_ standing: Standing, published: Published, hasClaimed: Bool) -> Judgement {
        if let refusal = standing.refusal { return .refuse(refusal) }
        guard let actual = standing.actual else { return .wait("the server is a standby") }
        if case .mark(let number, _) = published, number > standing.mark {
            return .refuse(
                "the store stands at claim mark \(standing.mark), but mails were sent up to mark \(number): it was restored "
                    + "to an earlier time")
        }
        guard actual != standing.recorded else { return .stands }
        switch published {
        case .mark: return .accept
        case .unreachable:
            return .wait("the store is on another server or timeline, and RabbitMQ, which knows what was sent, is away")
        case .none:
            guard hasClaimed, let recorded = standing.recorded else { return .accept }
            return .refuse(
                "the store is on \(actual), mails were sent from \(recorded), and RabbitMQ does not know up to where")
        }
    }
}
