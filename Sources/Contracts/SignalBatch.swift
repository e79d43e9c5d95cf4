public import Model

/// What scoring tells the scheduler about one contact.
public struct Signal: Sendable, Hashable {
    public enum Cause: Sendable, Hashable {
        /// The event that the position names became a fact.
        case event
        /// With that event the contact reached this stage.
        case stage(String)
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
    public static let version: UInt16 = 1

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
            let stage = try reader.optional("stage") { reader throws(ContractError) in try reader.string("stage") }
            return Signal(
                contact: contact, cause: stage.map { .stage($0) } ?? .event, at: try reader.timestamp("at"),
                eventID: try reader.string("eventID"), subject: try reader.uniqueID("subject"),
                name: try reader.string("name"))
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(id)
        writer.write(each: signals) { writer, signal in
            writer.write(signal.contact)
            if case .stage(let stage) = signal.cause {
                writer.write(stage) { $0.write($1) }
            } else {
                writer.write(false)
            }
            writer.write(signal.at)
            writer.write(signal.eventID)
            writer.write(signal.subject)
            writer.write(signal.name)
        }
    }
}
