public import Model

/// What is on record about one contact that bears on sending, as read under the lock of the claim.
public struct ContactLedger: Sendable, Hashable {
    public var isErased: Bool
    public var consents: [ConsentRecord]
    public var suppressions: [Suppression]
    /// The marketing messages of late: those that were handed over or are about to be, for as long back as a cap asks.
    public var sends: [PastSend]
    /// The topics to which the contact's last word by e-mail was no, at whatever address.
    public var objections: Set<String> = []
    /// How they have reacted of late, where a sunset asks.
    public var engagement = Engagement()
    /// When the contact last bought, by the name of the event that says so, as far as a topic rests on it.
    public var sales: [String: Timestamp] = [:]

    public init(
        isErased: Bool = false, consents: [ConsentRecord] = [], suppressions: [Suppression] = [],
        sends: [PastSend] = []
    ) {
        self.isErased = isErased
        self.consents = consents
        self.suppressions = suppressions
        self.sends = sends
    }
}

/// A message of a topic that went to the contact, or is on its way.
public struct PastSend: Sendable, Hashable {
    public var topic: String
    /// When it was handed over; while it is not, when it was looked at.
    public var at: Timestamp
    /// What it was: `welcome/hello`, the journey and the step; nil where nobody asks.
    public var name: String?

    public init(topic: String, at: Timestamp, name: String? = nil) {
        self.topic = topic
        self.at = at
        self.name = name
    }
}

extension ContactLedger {
    /// What one contact's lines of the ledger of consents say of an address.
    public init(
        _ lines: [ConsentEntry], at address: String?, suppressions: [Suppression] = [], sends: [PastSend] = []
    ) {
        let records = lines.holding(at: address).map {
            ConsentRecord(
                topic: $0.topic, channel: Channel(rawValue: $0.channel), address: $0.address,
                state: ConsentRecord.State($0.state), lapsesAt: $0.state == .pending ? $0.proof.expiresAt : nil,
                since: $0.at)
        }
        self.init(consents: records, suppressions: suppressions, sends: sends)
        objections = lines.topicsRefused
    }
}

/// The last word on consent for one (topic, channel, address).
public struct ConsentRecord: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Asked for, not confirmed.
        case pending
        case granted
        case withdrawn
        /// Asked for, and the answer was no.
        case denied

        init(_ state: ConsentEntry.State) {
            switch state {
            case .pending: self = .pending
            case .given: self = .granted
            case .denied: self = .denied
            case .withdrawn: self = .withdrawn
            }
        }

        /// Whether it says no.
        public var isRefusal: Bool { self == .withdrawn || self == .denied }
    }

    public var topic: String
    public var channel: Channel
    public var address: String
    public var state: State
    /// The instant from which a granted consent, or a request for one, no longer counts; nil: it does not lapse.
    public var lapsesAt: Timestamp?
    /// When it was said; nil: nobody knows.
    public var since: Timestamp?

    public init(
        topic: String, channel: Channel, address: String, state: State, lapsesAt: Timestamp? = nil,
        since: Timestamp? = nil
    ) {
        self.topic = topic
        self.channel = channel
        self.address = address
        self.state = state
        self.lapsesAt = lapsesAt
        self.since = since
    }
}

/// A standing order not to send to an address.
public struct Suppression: Sendable, Hashable {
    /// Whence it comes, which decides what it stops.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Everything, whatever the ground.
        case all
        /// Mail to the address bounces for good: stops everything.
        case invalidAddress = "invalid-address"
        /// The person reported a message as spam: stops all but transactional messages.
        case complaint
        /// The person wants no marketing of any topic.
        case marketing

        /// Whether it stops transactional messages too.
        public var stopsTransactional: Bool {
            switch self {
            case .all, .invalidAddress: true
            case .complaint, .marketing: false
            }
        }
    }

    public var kind: Kind
    public var channel: Channel
    public var address: String

    public init(_ kind: Kind, channel: Channel = .email, address: String) {
        self.kind = kind
        self.channel = channel
        self.address = address
    }
}
