/// A form of a site, as ingest checks what is posted to it.
public struct FormDefinition: Sendable, Hashable {
    public struct Field: Sendable, Hashable {
        public enum Kind: String, Sendable, CaseIterable {
            case text
            case email
            case url
            case number
            /// Ticked or not.
            case checkbox
        }

        public let name: String
        public let kind: Kind
        public let isRequired: Bool
        /// Bytes.
        public let most: Int
        /// The attribute that it describes of somebody whom nobody knows yet.
        public let trait: String?
    }

    public let name: String
    public let fields: [Field]
    /// A field that people do not see: whoever fills it in is a robot.
    public let honeypot: String
    /// Where success leads; nil shows a plain page.
    public let success: String?
    /// Where a refusal leads, with the names of the fields at fault; nil shows a plain page.
    public let failure: String?
    /// What the plain page says.
    public let message: String
    /// What success gives.
    public let content: String?
    /// What it asks consent for; nil: for nothing.
    public let consent: Consent?

    /// What somebody who fills it in consents to, once they have confirmed it by mail: anybody can type anybody's address.
    public struct Consent: Sendable, Hashable {
        public let topics: [String]
        /// The field of the address.
        public let address: String
        /// The box that is ticked by whoever consents; nil: whoever submits the form does.
        public let ticked: String?
    }
}

/// A question that is answered by a whole number, in one click.
public struct RatingDefinition: Sendable, Hashable {
    public let name: String
    public let question: String
    public let range: ClosedRange<Int>
}

extension Workspace {
    public func form(named name: String) -> FormDefinition? { forms.first { $0.name == name } }
    public func rating(named name: String) -> RatingDefinition? { ratings.first { $0.name == name } }
}
