/// What the event `Consent Given` or `Consent Withdrawn` says, read from its properties within the bounds of the ledger.
///
/// The ledger's key holds topic, channel and address, so each has a length; edge, import and scoring all read it here.
public struct ConsentStatement: Sendable, Hashable {
    public var topic: String
    /// `email` where the event names none.
    public var channel: String
    /// Empty where the event names none: the consent is for the contact's own address then.
    public var address: String
    /// What the person was told, word for word.
    public var wording: String?
    public var source: String?
    /// What else the event says of how it came about.
    public var proof: ConsentProof
    /// Whether nobody knows that it was the address's owner who said so: it is a request, whatever the topic asks for.
    public var isUnconfirmed: Bool

    /// Begins the source of a statement that an import brought. Such a consent never outdoes a withdrawal that was made here.
    public static let importMark = "import: "

    /// Why the properties state no consent: the member at fault, and how.
    public struct Fault: Error, Hashable {
        public enum Kind: Sendable { case missing, invalid, tooLarge }

        public var kind: Kind
        public var member: String
        public var message: String
    }

    public init(_ properties: JSON) throws(Fault) {
        topic = try Self.text("topic", of: properties, limit: 255) ?? ""
        guard !topic.isEmpty else {
            throw Fault(kind: .missing, member: "topic", message: "the topic of the consent is missing")
        }
        channel = try Self.text("channel", of: properties, limit: 64) ?? "email"
        address = try Self.text("address", of: properties, limit: 254) ?? ""
        wording = properties["wording"]?.string
        source = properties["source"]?.string
        proof = ConsentProof(properties)
        isUnconfirmed = properties["unconfirmed"] == .bool(true)
    }

    /// Checks what an event states of its proof: what is at fault there must not cost anybody a withdrawal behind the edge,
    /// and is told before it.
    public static func checkProof(_ properties: JSON) throws(Fault) {
        for member in ConsentProof.Member.allCases {
            switch properties[member.rawValue] {
            case nil, .null?, .int?: continue
            case .string(let text)?:
                guard text.utf8.count <= ConsentProof.limit else {
                    throw Fault(
                        kind: .tooLarge, member: member.rawValue, message: "has more than \(ConsentProof.limit) bytes")
                }
            default: throw Fault(kind: .invalid, member: member.rawValue, message: "is not a string")
            }
        }
    }

    private static func text(_ member: String, of properties: JSON, limit: Int) throws(Fault) -> String? {
        switch properties[member] {
        case nil, .null?: return nil
        case .string(let text)?:
            guard text.utf8.count <= limit else {
                throw Fault(kind: .tooLarge, member: member, message: "has more than \(limit) bytes")
            }
            return text
        default: throw Fault(kind: .invalid, member: member, message: "is not a string")
        }
    }
}
