import Contracts
import CoreMetrics
import HTTPTypes
import Hummingbird
import Links
import Logging
import Model
import NIOCore
import Store
import Workspaces

/// `POST /v1/site-message` gives a visitor what a journey has laid out for them, and `POST /v1/site-message/seen` takes what
/// became of it.
///
/// A public key asks, and learns of nobody: what is handed out belongs to the random id that the visitor's own browser has
/// made, and says the same to everybody. Ids that are not random are answered as those for whom there is nothing, and so is
/// everybody while the store is away. What became of a message is told with a signed token alone, without the store.
struct SiteMessageRoutes: Sendable {
    let keys: KeyRing
    let gate: Gatekeeper
    let groups: EventGroups
    let signer: LinkSigner
    let messages: SiteMessages
    let limits: EdgeLimits
    let logger: Logger

    private let given = Counter(label: "loods_ingest_site_messages_total")
    /// The most bytes of a question or a report.
    private static let limit = 8_192

    init(
        keys: KeyRing, gate: Gatekeeper, groups: EventGroups, signer: LinkSigner, messages: SiteMessages,
        limits: EdgeLimits, logger: Logger
    ) {
        self.keys = keys
        self.gate = gate
        self.groups = groups
        self.signer = signer
        self.messages = messages
        self.limits = limits
        self.logger = logger
    }

    func add(to router: Router<EdgeContext>) {
        router.post("v1/site-message") { request, context in try await give(request, context) }
        router.post("v1/site-message/seen") { request, context in try await note(request, context) }
    }

    // MARK: Giving

    private func give(_ request: Request, _ context: EdgeContext) async throws -> Response {
        var visit = gate.visit(request, from: context.peer)
        try visit.count()
        let body = try await members(of: request)
        try body.allow("writeKey", "anonymousId")
        guard let name = try body.text("writeKey", atMost: limits.name) else {
            throw EdgeError(.unauthorized, "a public write key is missing", field: "writeKey")
        }
        guard let visitor = try body.text("anonymousId", atMost: limits.name) else {
            throw EdgeError(.invalid, "the visitor's id is missing", field: "anonymousId")
        }
        guard let key = try await key(name, visit), visitor.isRandomID else { return Self.nothing }
        let subject = ContactKey(
            workspace: key.workspace, contact: Identity(.anonymous, visitor).subjectID(in: key.workspace))
        guard let offer = await find(for: subject) else { return Self.nothing }
        given.increment()
        return try answer(offer)
    }

    /// Nil while the store is away and the key is not known yet.
    private func key(_ name: String, _ visit: Gatekeeper.Visit) async throws(EdgeError) -> WriteKey? {
        let found: WriteKey?
        do throws(EdgeError) {
            found = try await keys.find(name)
        } catch {
            guard error.code == .unavailable else { throw error }
            return nil
        }
        guard let key = found else {
            visit.punish()
            throw EdgeError(.unauthorized, "the write key is unknown or revoked")
        }
        guard key.trust == .publicKey else {
            throw EdgeError(.unauthorized, "a site asks with a public key")
        }
        try gate.shared.check(key)
        return key
    }

    private func find(for visitor: ContactKey) async -> SiteMessages.Offer? {
        do {
            return try await messages.findAtOnce(for: visitor)
        } catch {
            logger.debug("site messages wait for the store", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    private func answer(_ offer: SiteMessages.Offer) throws -> Response {
        let link = Link.siteMessage(
            LinkOrigin(contact: offer.contact, message: offer.message), step: "\(offer.journey)/\(offer.step)",
            plannedAt: offer.plannedAt)
        var members = offer.said.content.object ?? [:]
        members["id"] = .string(offer.message.description)
        members["token"] = .string(try signer.sign(link))
        var response = Answers.json(.ok, ByteBuffer(bytes: JSON.object(members).serialized))
        response.headers[.cacheControl] = "no-store"
        return response
    }

    private static var nothing: Response { Response(status: .noContent, headers: [.cacheControl: "no-store"]) }

    // MARK: What became of it

    private enum Fate: String, CaseIterable {
        case shown, clicked

        var event: String {
            switch self {
            case .shown: EventNames.siteMessageShown
            case .clicked: EventNames.siteMessageClicked
            }
        }
    }

    private func note(_ request: Request, _ context: EdgeContext) async throws -> Response {
        var visit = gate.visit(request, from: context.peer)
        try visit.count()
        let body = try await members(of: request)
        try body.allow("token", "what")
        guard let fate = try body.text("what", atMost: 16).flatMap(Fate.init(rawValue:)) else {
            throw EdgeError(.invalid, "is neither shown nor clicked", field: "what")
        }
        guard let token = try body.text("token", atMost: 4_096),
            case .siteMessage(let origin, let step, let plannedAt)? = try? signer.verify(token, .siteMessage)
        else { throw EdgeError(.notFound, "there is no such message", field: "token") }
        try await groups.submit([Self.draft(fate, origin, step, plannedAt)])
        if fate == .shown { await noteShown(origin) }
        return Self.nothing
    }

    /// However often it is reported, it is the same event: its id and its time follow from the message.
    private static func draft(
        _ fate: Fate, _ origin: LinkOrigin, _ step: String, _ plannedAt: Timestamp
    ) -> DraftEvent {
        let names = step.split(separator: "/", maxSplits: 1).map(String.init)
        let properties: [String: JSON] = [
            "message_id": .string(origin.message.description), "journey": .string(names.first ?? ""),
            "step": .string(names.last ?? ""),
        ]
        let id = UniqueID.derived("loods.site-message", origin.message.description, fate.rawValue)
        let event = AcceptedEvent(
            workspace: origin.contact.workspace, eventID: id.description, call: .track,
            subject: .id(origin.contact.contact), name: fate.event, sentTime: plannedAt, at: .distantPast,
            receivedAt: .distantPast, trust: .system, properties: JSON.object(properties).serialized)
        return DraftEvent(event: event, occurrence: .onReceipt)
    }

    /// While the store is away the message lies ready still; its browser knows that it has been shown there.
    private func noteShown(_ origin: LinkOrigin) async {
        do {
            try await messages.noteShown(SiteMessages.Shown(message: origin.message, contact: origin.contact))
        } catch {
            logger.debug("a shown message is not noted", metadata: ["reason": "\(error)"])
        }
    }

    private func members(of request: Request) async throws -> Members {
        let text = try await request.plainBody(within: limits).text
        guard text.count <= Self.limit else {
            throw EdgeError(.tooLarge, "a body here has at most \(Self.limit) bytes")
        }
        return try Members(text)
    }
}

extension String {
    /// Whether it is an id as `loods.js` makes them: 128 bits or so of randomness in hexadecimal digits, with or without
    /// dashes. Nobody guesses one.
    var isRandomID: Bool {
        var counts: [UInt8: Int] = [:]
        for byte in utf8 where byte != UInt8(ascii: "-") {
            guard byte.isHexDigit else { return false }
            counts[byte, default: 0] += 1
        }
        let digits = counts.values.reduce(0, +)
        // Of 32 random digits no fewer than five kinds ever show, and none more than half.
        return (32...64).contains(digits) && counts.count >= 5 && counts.values.allSatisfy { $0 * 2 <= digits }
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
