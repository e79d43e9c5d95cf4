public import Model

/// One event that the edge has accepted, on its way to the log.
public struct AcceptedEvent: Sendable, Hashable {
    /// The tracking call by which the event came (Segment's spec).
    public enum Call: UInt8, Sendable, CaseIterable {
        case track = 0
        case identify, page, screen, group, alias
    }

    /// How far the sender is trusted with facts about people.
    public enum Trust: UInt8, Sendable, CaseIterable {
        /// A key that stands in public pages: never sets address, attributes of a known contact, or consent.
        case publicKey = 0
        /// A server's key or an import.
        case server
        /// Loods itself: outcomes of messages, clicks, withdrawals.
        case system
    }

    /// What the event may set off beyond being a fact.
    public enum Effect: UInt8, Sendable, CaseIterable {
        /// A live event: rules and journeys run.
        case live = 0
        /// History: a fact only; starts nothing (imports).
        case history
    }

    /// Whom the event is about.
    public enum Subject: Sendable, Hashable {
        /// The strongest name that the event carries.
        case identity(Identity)
        /// A subject by its id, where Loods itself speaks.
        case id(UniqueID)

        func id(in workspace: WorkspaceID) -> UniqueID {
            switch self {
            case .identity(let identity): identity.subjectID(in: workspace)
            case .id(let id): id
            }
        }
    }

    public var workspace: WorkspaceID { didSet { subjectID = subject.id(in: workspace) } }
    /// The sender's id of the event (`messageId`); with the subject it makes copies of one event one event.
    public var eventID: String
    public var call: Call
    public var subject: Subject { didSet { subjectID = subject.id(in: workspace) } }
    /// The subject's id, derived where the event names it by an identity.
    public private(set) var subjectID: UniqueID
    /// Weaker names that the same event carries, for merging.
    public var aliases: [Identity]
    public var name: String
    /// The sender's own uncorrected timestamp: part of the event's key. Nil when the sender gave none.
    public var sentTime: Timestamp?
    /// When it happened, corrected for the sender's clock.
    public var at: Timestamp
    public var receivedAt: Timestamp
    public var trust: Trust
    public var effect: Effect
    /// `properties` or `traits` as JSON text of one object.
    public var properties: [UInt8]
    /// `context` as JSON text of one object.
    public var context: [UInt8]

    public init(
        workspace: WorkspaceID, eventID: String, call: Call, subject: Subject, aliases: [Identity] = [], name: String,
        sentTime: Timestamp?, at: Timestamp, receivedAt: Timestamp, trust: Trust, effect: Effect = .live,
        properties: [UInt8] = Array("{}".utf8), context: [UInt8] = Array("{}".utf8)
    ) {
        self.workspace = workspace
        self.eventID = eventID
        self.call = call
        self.subject = subject
        subjectID = subject.id(in: workspace)
        self.aliases = aliases
        self.name = name
        self.sentTime = sentTime
        self.at = at
        self.receivedAt = receivedAt
        self.trust = trust
        self.effect = effect
        self.properties = properties
        self.context = context
    }
}
