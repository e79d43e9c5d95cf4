public import Model

/// Events from the edge to scoring: the body of the queue `events`.
public struct EventBatch: Contract {
    public static let letter: Unicode.Scalar = "E"
    public static let version: UInt16 = 1

    /// Names this body; in stepped mode the store holds it as in flight until it has taken effect.
    public var id: UniqueID
    public var events: [AcceptedEvent]

    public init(id: UniqueID, events: [AcceptedEvent]) {
        self.id = id
        self.events = events
    }

    public init(from reader: inout WireReader) throws(ContractError) {
        id = try reader.uniqueID("id")
        events = try reader.array("events") { reader throws(ContractError) in try AcceptedEvent(from: &reader) }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(id)
        writer.write(each: events) { $1.write(to: &$0) }
    }

    /// The whole body of events that are in the form of the wire already, as `encoded` would make it.
    ///
    /// - Parameters:
    ///   - size: of the events, in bytes.
    ///   - events: appends them.
    public static func body(
        id: UniqueID, count: Int, size: Int, events: (_ writer: inout WireWriter) -> Void
    ) -> [UInt8] {
        var writer = WireWriter(capacity: size + bodyOverhead)
        writer.writeHeader(of: Self.self, version: version)
        writer.write(id)
        writer.write(UInt32(count))
        events(&writer)
        return writer.bytes
    }

    /// What a body takes beside its events: the header, its id and their count.
    public static let bodyOverhead = 24
}

extension AcceptedEvent {
    /// Reads one event off a body.
    public init(from reader: inout WireReader) throws(ContractError) {
        self.init(
            workspace: WorkspaceID(rawValue: try reader.int32("workspace")), eventID: try reader.string("eventID"),
            call: try reader.known("call"),
            subject: try reader.bool("subject")
                ? .id(try reader.uniqueID("subject")) : .identity(try reader.identity("subject")),
            aliases: try reader.array("aliases") { reader throws(ContractError) in try reader.identity("aliases") },
            name: try reader.string("name"),
            sentTime: try reader.optional("sentTime") { reader throws(ContractError) in
                try reader.timestamp("sentTime")
            },
            at: try reader.timestamp("at"), receivedAt: try reader.timestamp("receivedAt"),
            trust: try reader.known("trust"), effect: try reader.known("effect"),
            properties: try reader.run("properties"), context: try reader.run("context"))
    }

    func write(to writer: inout WireWriter) { EventRecord(self).write(to: &writer) }
}

extension WireReader {
    mutating func identity(_ field: String) throws(ContractError) -> Identity {
        let index = Int(try uint8(field))
        guard Identity.Kind.allCases.indices.contains(index) else { throw .malformed(field: field) }
        return Identity(Identity.Kind.allCases[index], try string(field))
    }

    mutating func known<Value: RawRepresentable<UInt8>>(_ field: String) throws(ContractError) -> Value {
        guard let value = Value(rawValue: try uint8(field)) else { throw .malformed(field: field) }
        return value
    }
}
