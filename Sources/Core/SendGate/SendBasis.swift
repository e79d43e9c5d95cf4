public import Model

/// On what a message of a topic went, as the gate found it when it let it through: what is stored of that decision.
public enum SendBasis: Sendable, Hashable {
    /// The person's own word, given then; nil: nobody knows when.
    case consent(since: Timestamp?)
    /// A sale, the latest of its event, then.
    case sale(event: String, at: Timestamp)
    /// The sender's interest, by a test that is on record.
    case interest(BalancingTest)

    /// As definitions call it.
    public var name: String {
        switch self {
        case .consent: "consent"
        case .sale: "soft_opt_in"
        case .interest: "legitimate_interest"
        }
    }
}

// MARK: In words

extension SendBasis {
    /// `consent given Mon 2 March 2026 14:07`, `a sale (Order Completed, Mon 2 March 2026 14:07)`, to follow "on".
    ///
    /// - Parameter told: how an instant is written.
    public func words(_ told: (Timestamp) -> String) -> String {
        switch self {
        case .consent(let since): "consent" + (since.map { " given \(told($0))" } ?? "")
        case .sale(let event, let at): "a sale (\(event), \(told(at)))"
        case .interest(let test): "a legitimate interest, weighed in \(test.document) of \(test.date)"
        }
    }
}

// MARK: As it is stored

extension SendBasis {
    public var json: JSON {
        var members: [String: JSON] = ["on": .string(name)]
        switch self {
        case .consent(let since): members["at"] = since.map { .string($0.description) }
        case .sale(let event, let at): (members["event"], members["at"]) = (.string(event), .string(at.description))
        case .interest(let test):
            (members["document"], members["date"]) = (.string(test.document), .string(test.date.description))
        }
        return .object(members)
    }

    /// Reads what ``json`` writes; nil for what another build may have written.
    public init?(json: JSON) {
        let at = json["at"]?.string.flatMap { Timestamp(iso8601: $0) }
        switch json["on"]?.string {
        case "consent"?: self = .consent(since: at)
        case "soft_opt_in"?:
            guard let event = json["event"]?.string, let at else { return nil }
            self = .sale(event: event, at: at)
        case "legitimate_interest"?:
            guard let document = json["document"]?.string, let date = json["date"]?.string.flatMap({ CalendarDate($0) })
            else { return nil }
            self = .interest(BalancingTest(document: document, date: date))
        default: return nil
        }
    }
}
