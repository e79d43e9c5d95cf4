import Contracts
import Model
import Store

/// What a server asks for, for one person: an e-mail (`POST /v1/messages`), or that they enter a journey
/// (`POST /v1/journeys`).
///
/// It becomes an event. The request's `data` are its properties, so that they are merged as `event.properties`, here as in any
/// journey. Which e-mail is asked for stands in its context, and which journey in its name.
struct ServerRequest: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case template
        case journey

        /// How the ids of the events begin that requests become.
        var idPrefix: String { self == .journey ? "journey:" : "request:" }
    }

    let kind: Kind
    /// Of the e-mail, or of the journey.
    let name: String
    private let idempotencyKey: String
    private let subject: Identity
    private let address: String?
    private let data: JSON

    /// - Parameter key: the header `Idempotency-Key`.
    init(
        _ kind: Kind, _ text: some Collection<UInt8>, idempotencyKey key: String?, limits: EdgeLimits
    ) throws(EdgeError) {
        guard text.count <= limits.event else {
            throw EdgeError(.tooLarge, "a request has at most \(limits.event) bytes")
        }
        let body = try Members(text)
        try body.allow(kind.rawValue, "to", "data")
        let to = try body.members("to") ?? Members([:], in: "to")
        try to.allow("userId", "email")
        let user = try to.text("userId", atMost: limits.name)
        address = try to.text("email", atMost: 254)
        if let address, !EventReading.Names.isAddress(address) {
            throw EdgeError(.invalid, "is not an e-mail address", field: "to.email")
        }
        guard let subject = user.map({ Identity(.user, $0) }) ?? address.map({ Identity(.email, $0) }) else {
            throw EdgeError(.invalid, "names nobody: userId, email or both must be given", field: "to")
        }
        guard let name = try body.text(kind.rawValue, atMost: limits.name) else {
            let what = kind == .journey ? "a journey" : "an e-mail"
            throw EdgeError(.invalid, "the name of \(what) is missing", field: kind.rawValue)
        }
        self.subject = subject
        (self.kind, self.name) = (kind, name)
        data = .object(try body.members("data")?.all ?? [:])
        idempotencyKey = try Self.checked(key, limits)
    }

    private static func checked(_ key: String?, _ limits: EdgeLimits) throws(EdgeError) -> String {
        guard let key, !key.isEmpty else {
            throw EdgeError(
                .invalid, "the header Idempotency-Key is missing; requests of one person, name and key are one",
                field: "Idempotency-Key")
        }
        guard key.utf8.count <= limits.name, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw EdgeError(
                .invalid, "must be at most \(limits.name) visible ASCII characters", field: "Idempotency-Key")
        }
        return key
    }

    /// The event that the request becomes; of one person, name and key it is the same one, and none that is tracked.
    func draft(in workspace: WorkspaceID) -> DraftEvent {
        var context: [String: JSON] = [:]
        if kind == .template { context["message"] = .object(["template": .string(name)]) }
        if let address { context["traits"] = .object(["email": .string(address)]) }
        let event = AcceptedEvent(
            workspace: workspace,
            eventID: "\(kind.idPrefix)\(name):\(idempotencyKey)", call: .track,
            subject: .identity(subject),
            name: kind == .journey ? EventNames.entryRequested(into: name) : EventNames.messageRequested, sentTime: nil,
            at: .distantPast, receivedAt: .distantPast,
            trust: .server, properties: data.serialized, context: JSON.object(context).serialized)
        return DraftEvent(event: event, occurrence: .onReceipt)
    }
}

/// The members of an object in a request; what is not as it should be is told by its place.
struct Members {
    let all: [String: JSON]
    private let place: String

    init(_ all: [String: JSON], in place: String) {
        self.all = all
        self.place = place + "."
    }

    init(_ text: some Collection<UInt8>) throws(EdgeError) {
        let body: JSON
        do {
            body = try JSON(parsing: text)
        } catch {
            throw EdgeError(.malformed, error.description)
        }
        guard let object = body.object else { throw EdgeError(.malformed, "the body is not an object") }
        all = object
        place = ""
    }

    func allow(_ names: String...) throws(EdgeError) {
        guard let unknown = all.keys.sorted().first(where: { !names.contains($0) }) else { return }
        let field = String(decoding: (place + unknown).utf8.prefix(100), as: UTF8.self)
        throw EdgeError(.invalid, "is none of \(names.joined(separator: ", "))", field: field)
    }

    func members(_ name: String) throws(EdgeError) -> Members? {
        guard let value = all[name] else { return nil }
        guard let object = value.object else { throw EdgeError(.invalid, "is not an object", field: place + name) }
        return Members(object, in: place + name)
    }

    func text(_ name: String, atMost limit: Int) throws(EdgeError) -> String? {
        guard let value = all[name] else { return nil }
        guard let text = value.string, !text.isEmpty else {
            throw EdgeError(.invalid, "is not a string, or an empty one", field: place + name)
        }
        guard text.utf8.count <= limit else {
            throw EdgeError(.invalid, "has more than \(limit) bytes", field: place + name)
        }
        return text
    }
}
