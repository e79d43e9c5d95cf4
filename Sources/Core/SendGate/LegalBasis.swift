public import Model

/// On what a topic's mail rests where the person has said neither yes nor no.
public enum LegalBasis: Sendable, Hashable {
    /// Nothing: no mail goes without their consent (GDPR, article 6(1)(a)).
    case consent
    /// Who has bought may be told of what is similar, until they object (ePrivacy directive, article 13(2)).
    case softOptIn(SoftOptIn)
    /// The sender's interest outweighs theirs, by a test that is on record (GDPR, article 6(1)(f)); who objects gets none.
    case legitimateInterest(BalancingTest)

    /// As definitions and `loods explain` call it.
    public var name: String {
        switch self {
        case .consent: "consent"
        case .softOptIn: "soft_opt_in"
        case .legitimateInterest: "legitimate_interest"
        }
    }
}

/// What makes mail to customers lawful without consent, as the sender states it.
public struct SoftOptIn: Sendable, Hashable {
    /// The event of a sale.
    public var event: String
    /// How long after the last sale mail may go.
    public var within: Span
    /// What is sold that the mail is about.
    public var similarProducts: String
    /// Where the person could say no when they bought.
    public var optOut: String

    public init(event: String, within: Span, similarProducts: String, optOut: String) {
        self.event = event
        self.within = within
        self.similarProducts = similarProducts
        self.optOut = optOut
    }
}

/// The document in which the interests were weighed.
public struct BalancingTest: Sendable, Hashable {
    public var document: String
    public var date: CalendarDate

    public init(document: String, date: CalendarDate) {
        self.document = document
        self.date = date
    }
}
