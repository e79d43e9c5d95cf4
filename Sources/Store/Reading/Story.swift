public import Contracts
public import Model
public import Postgres
public import Scores

/// Everything that the store knows of one contact, for an account of it.
public struct Story: Sendable {
    /// An event with all that came with it.
    public struct Event: Sendable, Hashable {
        public var at: Timestamp
        public var receivedAt: Timestamp
        public var eventID: String
        public var name: String
        public var call: AcceptedEvent.Call
        public var trust: AcceptedEvent.Trust
        public var properties: JSON
        public var context: JSON
    }

    /// A message with what became of it.
    public struct Mail: Sendable, Hashable {
        public var id: UniqueID
        public var run: UniqueID
        public var journey: String
        public var step: String
        public var template: String
        public var topic: String?
        public var channel: Message.Channel
        public var state: Message.State
        public var address: String?
        public var plannedAt: Timestamp
        public var dueAt: Timestamp
        /// Machine time.
        public var retryAt: Timestamp?
        public var attempt: Int32
        public var handedAt: Timestamp?
        /// When it was planned again, after a hand-over of which nobody knows the end.
        public var resentAt: Timestamp?
        public var finalAt: Timestamp?
        /// The raw value of the send gate's reasons.
        public var reasons: UInt32
        /// What the receiving server said last.
        public var reply: String?
        /// By who could mend it, why it did not arrive, and the enhanced status code.
        public var failure: String?
        public var failureStatus: String?
        /// Of what a server had taken, when it came back, or was complained of, and what was said.
        public var cameBackAt: Timestamp?
        public var cameBackWords: String?
        /// What the gate saw beside its reasons.
        public var saw: JSON?
        /// On what it went, as the gate stored it when it let it through; nil for one that is transactional.
        public var basis: JSON?
        /// Of a site message, until when it may be shown, and when it was.
        public var showUntil: Timestamp?
        public var shownAt: Timestamp?
        /// The line in which it waits for its turn: `marketing shop.example google`.
        public var line: String?
    }

    public var contact: ContactKey
    public var createdAt: Timestamp
    public var state: Contacts.State
    public var identities: [Identity]
    /// The latest ones, in (time, event id) order.
    public var events: [Event]
    /// How many earlier events are left out of `events`.
    public var omittedEvents: Int64
    public var stages: [Stages.Reached]
    /// The segments that the contact is in.
    public var memberships: [SegmentMembers.Membership]
    /// Every entering and leaving of a segment, in order.
    public var moves: [SegmentMembers.Move]
    /// The persona, where it is another than the default.
    public var persona: PersonaRows.Row?
    /// The whole ledger, in order.
    public var consents: [Consents.Entry]
    /// Ended ones included.
    public var runs: [Run]
    public var decisions: [Decisions.Decision]
    public var mails: [Mail]
    /// Per score, what events have given.
    public var balances: [String: ScoreBalance]
    /// Why nothing is sent to the contact's address, where that is so.
    public var suppression: Suppression?

    /// An order not to send.
    public struct Suppression: Sendable, Hashable {
        public var reason: String
        public var at: Timestamp
        /// What the receiving server said; nil where people decided.
        public var detail: String?
    }

    /// Reads a contact's story.
    ///
    /// - Parameter eventLimit: how many of the latest events to read.
    /// - Returns: nil where there is no such contact.
    public static func load(
        of contact: ContactKey, eventLimit: Int32, in session: PostgresSession
    ) throws -> Story? {
        guard let state = try Contacts.states(of: [contact], in: session)[contact] else { return nil }
        let (w, id) = (contact.workspace, contact.contact)
        let createdAt = try session.query(
            "select created_at from contacts where workspace_id = \(w) and contact_id = \(id)")[0][
                0, as: Timestamp.self]
        let address = state.address?.addressSpellings ?? []
        let suppression = try session.query(
            "select reason, at, detail from suppressions where workspace_id = \(w) and address = any(\(address))"
        ).first.map { row in
            Suppression(
                reason: try row[0, as: String.self], at: try row[1, as: Timestamp.self],
                detail: try row[2, as: String?.self])
        }
        let events = try events(of: contact, limit: eventLimit, in: session)
        let total = try eventCount(of: contact, in: session)
        return Story(
            contact: contact, createdAt: createdAt, state: state,
            identities: try Identities.all(of: contact, in: session), events: events,
            omittedEvents: total - Int64(events.count), stages: try stages(of: contact, in: session),
            memberships: (try SegmentMembers.load(of: [contact], in: session)[contact] ?? [])
                .sorted { $0.segment < $1.segment },
            moves: try SegmentDirectory.moves(of: contact, in: session),
            persona: try PersonaRows.load(of: [contact], in: session)[contact],
            consents: try Consents.ledger(of: contact, in: session),
            runs: try Runs.load(of: [contact], ended: true, in: session)[contact] ?? [],
            decisions: try decisions(of: contact, in: session), mails: try mails(of: contact, in: session),
            balances: try ScoreSums.load(of: [contact], in: session)[contact] ?? [:],
            suppression: suppression)
    }
}
