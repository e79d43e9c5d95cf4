public import Model
public import Postgres

/// What the ledger says of a contact, and the address that one of their mails went to: whoever opens a link of that mail can
/// read what arrives there.
public struct MailedLedger: Sendable, Hashable {
    /// By now: contacts merge.
    public var contact: ContactKey
    public var address: String
    /// All lines, in the order of time.
    public var lines: [ConsentEntry]
    /// Domain time.
    public var now: Timestamp

    public init(contact: ContactKey, address: String, lines: [ConsentEntry], now: Timestamp) {
        self.contact = contact
        self.address = address
        self.lines = lines
        self.now = now
    }

    /// Nil where the message or the contact is gone, or the mail has not left.
    public static func read(
        of contact: ContactKey, message: UniqueID, in session: PostgresSession
    ) throws -> MailedLedger? {
        let contact = try Contacts.survivors(of: [contact], in: session)[contact] ?? contact
        let mailed = try session.query(
            """
            select address from messages
            where workspace_id = \(contact.workspace) and contact_id = \(contact.contact) and message_id = \(message)
            """
        ).first.flatMap { try $0[0, as: String?.self] }
        guard let mailed, !mailed.isEmpty else { return nil }
        return MailedLedger(
            contact: contact, address: mailed, lines: try Consents.ledger(of: contact, in: session),
            now: try DomainClock.read(in: session))
    }
}

extension MailedLedger {
    /// What became of a request for a topic's consent.
    public enum Request: Sendable, Hashable {
        /// It waits for its confirmation.
        case open(ConsentEntry)
        /// It was confirmed.
        case confirmed
        /// Nobody confirmed it in time, or the person has said no since; or there is none.
        case over
    }

    /// The request for a topic at the address.
    public func request(for topic: String) -> Request {
        let holding = lines.holding(at: address).first { $0.topic == topic && $0.channel == "email" }
        if holding?.state == .given { return .confirmed }
        let requests = lines.filter { line in
            line.state == .pending && line.topic == topic && line.channel == "email"
                && (line.address.isEmpty || line.address == address.comparedAddress)
        }
        guard let request = requests.last, (request.proof.expiresAt ?? .distantFuture) > now,
            holding?.state.isRefusal != true || holding.map({ $0.at < request.at }) ?? true
        else { return .over }
        return .open(request)
    }
}
