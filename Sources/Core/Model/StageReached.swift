/// A contact's coming to a stage.
public struct StageReached: Sendable, Hashable {
    public var contact: ContactKey
    public var stage: String
    public var previous: String?
    public var at: Timestamp
    public var eventID: String

    public init(contact: ContactKey, stage: String, previous: String?, at: Timestamp, eventID: String) {
        self.contact = contact
        self.stage = stage
        self.previous = previous
        self.at = at
        self.eventID = eventID
    }
}
