public import Model

/// What scoring tells the scheduler about one contact.
public struct Signal: Sendable, Hashable {
    public enum Cause: Sendable, Hashable {
        /// The event that the position names became a fact.
        case event
        /// With that event the contact reached this stage.
        case stage(String)
        /// The contact entered this segment, for the so-many-th time; `isBackfill`: since a definition was applied that
        /// finds it there, not since anything happened.
        case entered(segment: String, ordinal: Int32, isBackfill: Bool)
        /// The contact left this segment; the rest as for entering, where a journey starts with it.
        case left(segment: String, ordinal: Int32? = nil, isBackfill: Bool = false)
        /// A date of the contact's has come with which this journey starts; the key tells one such date from another.
        case date(journey: String, key: String)
        /// A step of another journey starts this one; the key names the visit of that step.
        case call(journey: String, key: String)
    }

    public var contact: ContactKey
    public var cause: Cause
    /// Where in the contact's history this stands: the event's corrected time …
    public var at: Timestamp
    /// … its id, which orders events of one instant …
    public var eventID: String
    /// … and the subject, which with the id names it.
    public var subject: UniqueID
    public var name: String

    public init(
        contact: ContactKey, cause: Cause, at: Timestamp, eventID: String, subject: UniqueID, name: String
    ) {
        self.contact = contact
        self.cause = cause
        self.at = at
        self.eventID = eventID
        self.subject = subject
        self.name = name
    }
}

/// Signals from scoring to the scheduler: the body of the queue `signals`.
public struct SignalBatch: Contract {
    public static let letter: Unicode.Scalar = "S"
    /// Version 2 says entering and leaving a segment as well, version 3 for which time one is left, dates, and calls.
    public static let version: UInt16 = 3
    public static let readVersions: ClosedRange<UInt16> = 1...3
    public var writtenVersion: UInt16 { signals.lazy.map(\.cause.version).max() ?? 1 }

    /// Names this body; see `EventBatch.id`.
    public var id: UniqueID
    public var signals: [Signal]

    public init(id: UniqueID, signals: [Signal]) {
        self.id = id
        self.signals = signals
    }

    public init(from reader: inout WireReader) throws(ContractError) {
        id = try reader.uniqueID("id")
        signals = try reader.array("signals") { reader throws(ContractError) in
            let contact = try reader.contactKey("contact")
            return Signal(
                contact: contact, cause: try Signal.Cause(from: &reader), at: try reader.timestamp("at"),
                eventID: try reader.string("eventID"), subject: try reader.uniqueID("subject"),
                name: try reader.string("name"))
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(id)
        writer.write(each: signals) { writer, signal in
            writer.write(signal.contact)
            signal.cause.write(to: &writer)
            writer.write(signal.at)
            writer.write(signal.eventID)
            writer.write(signal.subject)
            writer.write(signal.name)
        }
    }
}

extension Signal.Cause {
    /// The oldest version that can say it.
    public var version: UInt16 {
        switch self {
        case .event, .stage: 1
        case .entered, .left(_, nil, _): 2
        case .left, .date, .call: 3
        }
    }

    /// One byte tells which; of version 1 there are the first two, of version 2 the first four.
    init(from reader: inout WireReader) throws(ContractError) {
        switch try reader.uint8("cause") {
        case 0: self = .event
        case 1: self = .stage(try reader.string("stage"))
        case 2:
            self = .entered(
                segment: try reader.string("segment"), ordinal: try reader.int32("ordinal"),
                isBackfill: try reader.bool("isBackfill"))
        case 3: self = .left(segment: try reader.string("segment"))
        case 4:
            self = .left(
                segment: try reader.string("segment"), ordinal: try reader.int32("ordinal"),
                isBackfill: try reader.bool("isBackfill"))
        case 5: self = .date(journey: try reader.string("journey"), key: try reader.string("key"))
        case 6: self = .call(journey: try reader.string("journey"), key: try reader.string("key"))
        default: throw .malformed(field: "cause")
        }
    }

    func write(to writer: inout WireWriter) {
        switch self {
        case .event: writer.write(0 as UInt8)
        case .stage(let stage):
            writer.write(1 as UInt8)
            writer.write(stage)
        case .entered(let segment, let ordinal, let isBackfill):
            writer.write(2 as UInt8)
            writer.write(segment)
            writer.write(ordinal)
            writer.write(isBackfill)
        case .left(let segment, nil, _):
            writer.write(3 as UInt8)
            writer.write(segment)
        case .left(let segment, let ordinal?, let isBackfill):
            writer.write(4 as UInt8)
            writer.write(segment)
            writer.write(ordinal)
            writer.write(isBackfill)
        case .date(let journey, let key):
            writer.write(5 as UInt8)
            writer.write(journey)
            writer.write(key)
        case .call(let journey, let key):
            writer.write(6 as UInt8)
            writer.write(journey)
            writer.write(key)
        }
    }
}
