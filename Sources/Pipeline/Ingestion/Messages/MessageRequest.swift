import Contracts
import Model
import Store

/// What `POST /v1/messages` asks for: an e-mail to one person.
///
/// It becomes the event `Message Requested`. The request's `data` are its properties, so that they are merged as
/// `event.properties`, here as in any journey; which e-mail is asked for stands in its context.
struct MessageRequest: Sendable {
    let template: String
    private let idempotencyKey: String
    private let subject: Identity
    private let address: String?
    private let data: JSON

    /// - Parameter key: the header `Idempotency-Key`.
    init(_ text: some Collection<UInt8>, idempotencyKey key: String?, limits: EdgeLimits) throws(EdgeError) {
        guard text.count <= limits.event else {
            throw EdgeError(.tooLarge, "a request has at most \(limits.event) bytes")
        }
        let body = try Members(text)
        try body.allow("template", "to", "data")
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
        guard let template = try body.text("template", atMost: limits.name) else {
            throw EdgeError(.invalid, "the name of an e-mail is missing", field: "template")
        }
        self.subject = subject
        self.template = template
        data = .object(try body.members("data")?.all ?? [:])
        idempotencyKey = try Self.checked(key, limits)
    }

    private static func checked(_ key: String?, _ limits: EdgeLimits) throws(EdgeError) -> String {
        guard let key, !key.isEmpty else {
            throw EdgeError(
                .invalid, "the header Idempotency-Key is missing; requests of one template and key are one message",
                field: "Idempotency-Key")
        }
        guard key.utf8.count <= limits.name, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw EdgeError(
                .invalid, "must be at most \(limits.name) visible ASCII characters", field: "Idempotency-Key")
        }
        return key
    }

    /// The event that the request becomes; of one person, template and key it is the same one, and none that is tracked.
    func draft(in workspace: WorkspaceID) -> DraftEvent {
        var context: [String: JSON] = ["message": .object(["template": .string(template)])]
        if let address { context["traits"] = .object(["email": .string(address)]) }
        let event = AcceptedEvent(
            workspace: workspace, eventID: "request:\(template):\(idempotencyKey)", call: .track, subject: .identity(subject),
            name: EventNames.messageRequested, sentTime: nil, at: .distantPast, receivedAt: .distantPast,
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
