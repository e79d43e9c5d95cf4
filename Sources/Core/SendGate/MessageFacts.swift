public import Model

/// The way a message reaches a contact.
public struct Channel: RawRepresentable, Sendable, Hashable {
    public var rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let email = Channel(rawValue: "email")
}

/// On what ground a message is sent.
public enum MessageClass: Sendable, Hashable {
    /// The contact asked for it by what they did: needs no consent.
    case transactional
    /// Needs consent to the topic at the address it goes to.
    case topic(String)
}

/// The address at hand for a message.
public enum MessageAddress: Sendable, Hashable {
    /// The contact has none on the channel.
    case missing
    /// There is one, and the channel cannot deliver to it.
    case malformed
    /// One that can be used, in the form that consents and suppressions are keyed by.
    case usable(String)
}

/// A message as the gate sees it.
public struct MessageFacts: Sendable, Hashable {
    public var messageClass: MessageClass
    public var channel: Channel
    public var address: MessageAddress
    /// The first instant at which it may be sent; nil: at once.
    public var sendFrom: Timestamp?
    /// The instant from which it may no longer be sent; nil: none.
    public var sendUntil: Timestamp?
    /// Whether the run that planned it has ended in a way that takes its messages along.
    public var journeyEnded: Bool
    /// Whether somebody has paused the journey that planned it.
    public var isPaused: Bool
    /// Whether mail of its sender and class stands still.
    public var isSenderPaused = false
    /// Whether the workspace's kill switch is on.
    public var isWorkspaceStopped = false
    /// Whether it is a broadcast's, and its contact is not in the segment any more that the broadcast goes to.
    public var hasLeftSegment = false
    /// Whether its contact is one of the workspace's hold-out.
    public var isHeldOut = false
    /// Whether it asks for consent: nobody who wants no marketing is asked.
    public var asksForConsent = false
    /// What becomes of it in quiet hours and over a cap, as far as somebody says.
    public var restraint: Restraint
    /// Whose hours the contact keeps.
    public var zone: LocalZone

    public init(
        _ messageClass: MessageClass, channel: Channel = .email, address: MessageAddress,
        sendFrom: Timestamp? = nil, sendUntil: Timestamp? = nil, journeyEnded: Bool = false,
        isPaused: Bool = false, restraint: Restraint = Restraint(), zone: LocalZone = .utc
    ) {
        self.messageClass = messageClass
        self.channel = channel
        self.address = address
        self.sendFrom = sendFrom
        self.sendUntil = sendUntil
        self.journeyEnded = journeyEnded
        self.isPaused = isPaused
        self.restraint = restraint
        self.zone = zone
    }
}
