/// What made somebody enter or leave.
public enum SegmentCause: String, Sendable {
    /// Something that happened.
    case event
    /// Nothing but time.
    case time
    /// A definition that was applied.
    case backfill
}

/// A membership as it stands.
public struct SegmentMembership: Sendable, Hashable {
    public var segment: String
    /// How often the contact has entered the segment, this time included.
    public var ordinal: Int32
    public var enteredAt: Timestamp
    public var cause: SegmentCause

    public init(segment: String, ordinal: Int32, enteredAt: Timestamp, cause: SegmentCause) {
        self.segment = segment
        self.ordinal = ordinal
        self.enteredAt = enteredAt
        self.cause = cause
    }
}

/// One entering or leaving.
public struct SegmentMove: Sendable, Hashable {
    public var contact: ContactKey
    public var segment: String
    public var isEntry: Bool
    public var ordinal: Int32
    /// The event's time, the instant that time made it so, or when the definition was met.
    public var at: Timestamp
    public var cause: SegmentCause
    /// Nil unless an event is the cause.
    public var eventID: String?
    public var revision: Int32

    public init(
        contact: ContactKey, segment: String, isEntry: Bool, ordinal: Int32, at: Timestamp, cause: SegmentCause,
        eventID: String?, revision: Int32
    ) {
        self.contact = contact
        self.segment = segment
        self.isEntry = isEntry
        self.ordinal = ordinal
        self.at = at
        self.cause = cause
        self.eventID = eventID
        self.revision = revision
    }
}

/// A segment of a contact.
public struct SegmentPlace: Sendable, Hashable {
    public var contact: ContactKey
    public var segment: String

    public init(contact: ContactKey, segment: String) {
        self.contact = contact
        self.segment = segment
    }
}
