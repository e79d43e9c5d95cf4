public import Model

/// One thing to deliver to one contact through one channel.
public struct Message: Sendable, Hashable {
    /// How far it has come. From `handed` on the receiving server may have it.
    public enum State: String, Sendable, CaseIterable {
        case planned
        /// In a mailer's hands; goes back to planned when its claim expires.
        case claimed
        /// The body is with the mail server and the final dot is being sent.
        case handed
        case accepted
        case refused
        /// The mailer died, or the connection broke, between the final dot and its reply.
        case unknown
        case skipped
        case withdrawn
        case expired

        /// Whether nothing more will happen to it.
        public var isFinal: Bool {
            switch self {
            case .planned, .claimed, .handed: false
            case .accepted, .refused, .unknown, .skipped, .withdrawn, .expired: true
            }
        }
    }

    /// How a message goes.
    public enum Channel: String, Sendable, CaseIterable {
        /// By mail to the contact.
        case email
        /// By mail to people of the sender's.
        case notify
        /// By an HTTP request to another system.
        case webhook
        /// Shown on the sender's own site, at the contact's next visit.
        case site
        /// By post.
        case postcard

        /// Whether it goes by way of the mail server.
        public var isMail: Bool {
            switch self {
            case .email, .notify: true
            case .webhook, .site, .postcard: false
            }
        }

        /// Whether the contact gets it: what has a topic needs their consent.
        public var goesToContact: Bool {
            switch self {
            case .email, .site, .postcard: true
            case .notify, .webhook: false
            }
        }
    }

    public var contact: ContactKey
    public var id: UniqueID
    public var run: UniqueID
    public var journey: String
    public var step: String
    public var visit: Int32
    /// The revision of the definitions that holds its template.
    public var revision: Int32
    /// An e-mail's name, or the name of whom others than the contact are told: `webhook:crm`, `notify:sales`.
    public var template: String
    /// Nil for a transactional message.
    public var topic: String?
    public var plannedAt: Timestamp
    /// When that happened for which it was planned: its timer's due time, or its event's receipt. Nil: as `plannedAt`.
    public var causeAt: Timestamp?
    public var channel: Channel
    /// Of a broadcast, the segment that it goes to; read by the store alone.
    public var segment: String?
    /// Of what a test tries on a contact, where in time the runs of its broadcast begin; read by the store alone.
    public var tested: Timestamp?
    /// Of a site message, from when on it is not shown any more; read by the store alone.
    public var showUntil: Timestamp?
    /// Of an e-mail, what was chosen of its content; nil where there was nothing to choose.
    public var content: JSON?

    public init(
        contact: ContactKey, id: UniqueID, run: UniqueID, journey: String, step: String, visit: Int32,
        revision: Int32, template: String, topic: String?, plannedAt: Timestamp,
        causeAt: Timestamp? = nil, channel: Channel = .email, segment: String? = nil,
        showUntil: Timestamp? = nil
    ) {
        self.contact = contact
        self.id = id
        self.run = run
        self.journey = journey
        self.step = step
        self.visit = visit
        self.revision = revision
        self.template = template
        self.topic = topic
        self.plannedAt = plannedAt
        self.causeAt = causeAt
        self.channel = channel
        self.segment = segment
        self.showUntil = showUntil
    }
}
