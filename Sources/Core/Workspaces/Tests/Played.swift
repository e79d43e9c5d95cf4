public import Expressions
public import Model

/// Somebody who is played: what is known of them when the play begins.
public struct PlayedContact: Sendable {
    /// What the play calls them.
    public var name: String
    /// By which splits are drawn: that of the user of this name in a database's first workspace.
    public var id: UniqueID
    public var attributes: [String: JSON]
    /// Topics consented to.
    public var consents: [String]
    /// Topics that they have said no to.
    public var refusals: [String] = []
    /// What stops mail to their address: `complaint`, `marketing` and the like.
    public var suppressions: [String]
    /// Whether they are in the workspace's hold-out; nil: where they fall.
    public var isHeldOut: Bool?
    /// The e-mails that they have had before.
    public var received: [String] = []
    /// What tests within broadcasts try on them, by step: a variant, or `rest`; where nothing stands the hash says it.
    public var variants: [String: String] = [:]
    /// What wins in them, by step.
    public var winners: [String: String] = [:]
    /// What systems answer that are told something about them, by the name of the call: `webhook:crm`.
    public var answers: [String: JSON] = [:]

    public init(
        name: String, attributes: [String: JSON] = [:], consents: [String] = [],
        suppressions: [String] = []
    ) {
        self.name = name
        id = Identity(.user, name).subjectID(in: WorkspaceID(rawValue: 1))
        self.attributes = attributes
        self.consents = consents
        self.suppressions = suppressions
    }
}

/// Something that happens to somebody who is played.
public struct PlayedEvent: Sendable {
    public var event: HistoryEvent
    /// What it says of the contact; null takes an attribute away.
    public var traits: [String: JSON]
    /// False for a sale of which only a public key tells: mail of a topic rests on none such.
    public var isTrusted = true

    public init(_ event: HistoryEvent, traits: [String: JSON] = [:]) {
        self.event = event
        self.traits = traits
    }

    /// Something that is said of consent to a topic.
    ///
    /// - Parameter name: one of `EventNames.consents`.
    public init(consent topic: String, named name: String, at: Timestamp, eventID: String) {
        self.init(
            HistoryEvent(at: at, eventID: eventID, name: name, properties: .object(["topic": .string(topic)])))
    }
}
