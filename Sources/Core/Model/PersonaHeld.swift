/// A persona and since when; nil stands for the default.
public struct PersonaHeld: Sendable, Hashable {
    public var contact: ContactKey
    public var persona: String?
    public var since: Timestamp

    public init(contact: ContactKey, persona: String?, since: Timestamp) {
        self.contact = contact
        self.persona = persona
        self.since = since
    }
}
