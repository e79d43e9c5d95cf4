import AMQP

/// One body from a queue, handed to a consumer's handler.
public struct Delivery: Sendable {
    public var queue: QueueName
    public var lane: Lane
    public var body: [UInt8]
    /// How often a worker took it and died, or gave it back: 0 the first time. Retrying in place does not count.
    public var attempts: Int
    public var messageID: String?
    /// Milliseconds since 1970, by the publisher's clock; nil where it did not say.
    var publishedAt: Int64?
    /// Where and why it died, for a delivery from ``QueueName/dead``.
    public var death: Death?

    /// Taken twice and never settled: it may be what killed the workers. It comes alone, and its items are to be
    /// handled one by one.
    public var isSuspect: Bool { attempts >= Self.suspicion }

    static let suspicion = 2
    private static let countedAttempts = 1_000_000

    public struct Death: Sendable, Hashable {
        /// The broker's name of the queue, as `loods.events.live`.
        public var queue: String
        /// The broker's word: `delivery_limit`, `rejected`, `expired`, `maxlen`.
        public var reason: String

        /// How often workers had taken it, at the least. The broker forgets its count with the death, but not why.
        public var deliveries: Int { reason == "delivery_limit" ? Topology.deliveryLimit + 1 : 1 }
    }

    public init(
        queue: QueueName, lane: Lane, body: [UInt8], attempts: Int = 0, messageID: String? = nil, death: Death? = nil
    ) {
        self.queue = queue
        self.lane = lane
        self.body = body
        self.attempts = attempts
        self.messageID = messageID
        self.death = death
    }

    init(_ delivery: AMQPDelivery, queue: QueueName, lane: Lane) {
        self.init(
            queue: queue, lane: lane, body: delivery.body,
            // A header, so anything at all where somebody else has published it.
            attempts: min(max(0, delivery.deliveryCount), Self.countedAttempts),
            messageID: delivery.messageID, death: Death(delivery.headers))
        if case .int(let milliseconds) = delivery.headers[WallClock.header] { publishedAt = milliseconds }
    }
}

extension Delivery.Death {
    fileprivate init?(_ headers: AMQPTable) {
        guard case .string(let queue) = headers["x-first-death-queue"],
            case .string(let reason) = headers["x-first-death-reason"]
        else { return nil }
        self.init(queue: queue, reason: reason)
    }
}

/// How a delivery ends; there is no other way.
public enum Settlement: Sendable, Hashable {
    /// Its effects are committed, or it has none.
    case ack
    /// Something it needs is away: the same delivery comes again after the delay, in place. Never a failed attempt.
    case retry(after: Duration)
    /// It cannot be handled, whoever tries: it is kept with this reason and taken out of the flow.
    case setAside(reason: String)
}
