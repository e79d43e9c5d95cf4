/// One channel of a connection and what it is used for.
struct Channel {
    enum Role {
        /// Declarations; opened again after the broker closed it over one that failed.
        case queues
        /// Publishing with confirms.
        case publishing
        case consuming(onEvent: @Sendable (AMQPConsumerEvent) -> Void)
        /// A consumer that has been told its end; its deliveries may still be settled.
        case drained
    }

    var role: Role
    /// Tells this channel from an earlier one with the same number.
    let serial: Int
    var assembly = ContentAssembly<ContentHead>()

    init(role: Role, serial: Int) {
        self.role = role
        self.serial = serial
    }

    func tellEnd(_ error: AMQPError?) {
        if case .consuming(let onEvent) = role { onEvent(.ended(error)) }
    }
}

/// What precedes a body: the method and, once it came, the header.
enum ContentHead {
    /// The body is filled in at the end.
    case delivery(AMQPDelivery)
    case returned(reason: String, sequence: UInt64?)
}
