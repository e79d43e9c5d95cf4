/// One message as the broker handed it to a consumer.
public struct AMQPDelivery: Sendable {
    /// Names the delivery within its consumer's channel; rises by one with each.
    public var tag: UInt64
    public var body: [UInt8]
    /// Whether the broker may have handed it out before.
    public var isRedelivered: Bool
    public var routingKey: String
    public var messageID: String?
    /// Those of its headers that ``AMQPValue`` can hold.
    public var headers: AMQPTable

    /// How often the broker took it back from a consumer: 0 on the first delivery (quorum queues only).
    public var deliveryCount: Int {
        guard case .int(let count) = headers["x-delivery-count"] else { return 0 }
        return Int(count)
    }
}

/// What a consumer is told, in order, on its connection's thread; must return quickly and never block.
public enum AMQPConsumerEvent: Sendable {
    case delivery(AMQPDelivery)
    /// Nothing more comes. `nil` after the consumer was cancelled or closed by us.
    case ended(AMQPError?)
}

/// A body to publish, always persistent and mandatory.
public struct AMQPMessage: Sendable {
    public var body: [UInt8]
    public var routingKey: String
    /// The default exchange, which routes to the queue named by the routing key, when empty.
    public var exchange: String
    public var messageID: String?
    public var headers: AMQPTable

    public init(
        _ body: [UInt8], routingKey: String, exchange: String = "", messageID: String? = nil, headers: AMQPTable = [:]
    ) {
        self.body = body
        self.routingKey = routingKey
        self.exchange = exchange
        self.messageID = messageID
        self.headers = headers
    }
}
