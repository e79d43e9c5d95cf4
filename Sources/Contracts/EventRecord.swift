public import Model

/// What `AcceptedEvent` says, its texts left where they stand: so that the edge copies each once, from the request into the
/// body. The order of the fields on the wire stands here.
///
/// Valid only while the memory is that its texts stand in.
public struct EventRecord {
    /// A text in UTF-8, or JSON, on its way into a body.
    public enum Text {
        /// In memory that the caller keeps.
        case standing(UnsafeBufferPointer<UInt8>)
        /// Made for the purpose.
        case made([UInt8])
    }

    /// An identity by its parts; see `Identity`.
    public struct Name {
        public var kind: Identity.Kind
        public var value: Text

        public init(_ kind: Identity.Kind, _ value: Text) {
            self.kind = kind
            self.value = value
        }
    }

    /// Whom the event is about; see `AcceptedEvent.Subject`.
    public enum Subject {
        case name(Name)
        case id(UniqueID)
    }

    public var workspace: WorkspaceID
    public var eventID: Text
    public var call: AcceptedEvent.Call
    public var subject: Subject
    public var aliases: [Name]
    public var name: Text
    public var sentTime: Timestamp?
    public var at = Timestamp(microseconds: 0)
    public var receivedAt = Timestamp(microseconds: 0)
    public var trust: AcceptedEvent.Trust
    public var effect = AcceptedEvent.Effect.live
    public var properties: Text
    public var context: Text

    /// Of a live event, whose times are given later.
    public init(
        workspace: WorkspaceID, eventID: Text, call: AcceptedEvent.Call, subject: Subject, aliases: [Name], name: Text,
        sentTime: Timestamp?, trust: AcceptedEvent.Trust, properties: Text, context: Text
    ) {
        self.workspace = workspace
        self.eventID = eventID
        self.call = call
        self.subject = subject
        self.aliases = aliases
        self.name = name
        self.sentTime = sentTime
        self.trust = trust
        self.properties = properties
        self.context = context
    }

    public init(_ event: AcceptedEvent) {
        self.init(
            workspace: event.workspace, eventID: Text(event.eventID), call: event.call,
            subject: Subject(event.subject), aliases: event.aliases.map(Name.init), name: Text(event.name),
            sentTime: event.sentTime, trust: event.trust, properties: .made(event.properties),
            context: .made(event.context))
        (at, receivedAt, effect) = (event.at, event.receivedAt, event.effect)
    }

    /// Appends the event.
    ///
    /// - Returns: the index of the first byte of `at`, behind which `receivedAt` stands.
    @discardableResult
    public func write(to writer: inout WireWriter) -> Int {
        writer.write(workspace.rawValue)
        writer.write(eventID)
        writer.write(call.rawValue)
        switch subject {
        case .id(let id):
            writer.write(true)
            writer.write(id)
        case .name(let name):
            writer.write(false)
            writer.write(name)
        }
        writer.write(UInt32(aliases.count))
        for alias in aliases { writer.write(alias) }
        writer.write(name)
        writer.write(sentTime != nil)
        if let sentTime { writer.write(sentTime) }
        let times = writer.count
        writer.write(at)
        writer.write(receivedAt)
        writer.write(trust.rawValue)
        writer.write(effect.rawValue)
        writer.write(properties)
        writer.write(context)
        return times
    }
}

extension EventRecord.Text {
    public init(_ text: String) { self = .made(Array(text.utf8)) }

    public var count: Int {
        switch self {
        case .standing(let bytes): bytes.count
        case .made(let bytes): bytes.count
        }
    }

    /// Gives the bytes to `body`, for the time of the call.
    public func withBytes<Value>(_ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        switch self {
        case .standing(let bytes): body(bytes)
        case .made(let bytes): bytes.withUnsafeBufferPointer(body)
        }
    }
}

extension EventRecord.Text: Equatable {
    /// Compares the bytes.
    public static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.withBytes { left in right.withBytes { left.elementsEqual($0) } }
    }
}

extension EventRecord.Name: Equatable {
    public init(_ identity: Identity) { self.init(identity.kind, EventRecord.Text(identity.value)) }
}

extension EventRecord.Subject {
    init(_ subject: AcceptedEvent.Subject) {
        switch subject {
        case .identity(let identity): self = .name(EventRecord.Name(identity))
        case .id(let id): self = .id(id)
        }
    }
}

extension WireWriter {
    mutating func write(_ text: EventRecord.Text) {
        switch text {
        case .standing(let bytes): write(bytes)
        case .made(let bytes): write(bytes)
        }
    }

    mutating func write(_ name: EventRecord.Name) {
        write(Identity.Kind.allCases.firstIndex(of: name.kind).map(UInt8.init)!)
        write(name.value)
    }
}
