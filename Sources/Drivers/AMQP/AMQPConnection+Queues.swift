import CLibRabbitMQ

/// What a broker tells of a queue.
public struct AMQPQueueStatus: Sendable, Hashable {
    /// Messages that wait; those handed out and not yet settled are not among them.
    public var ready: Int
    public var consumers: Int

    public init(ready: Int, consumers: Int) {
        self.ready = ready
        self.consumers = consumers
    }
}

extension AMQPConnection {
    /// Declares a durable queue; does nothing when it exists with the same arguments.
    ///
    /// - Throws: `.preconditionFailed` when it exists with others; `.blocked`, as every request on a blocked connection.
    @discardableResult
    public func declareQueue(_ name: String, arguments: AMQPTable = [:]) throws(AMQPError) -> AMQPQueueStatus {
        try declare(name, isPassive: false, arguments: arguments)
    }

    /// Looks at a queue without changing anything.
    ///
    /// - Throws: `.notFound`.
    public func queueStatus(_ name: String) throws(AMQPError) -> AMQPQueueStatus {
        try declare(name, isPassive: true, arguments: [:])
    }

    private func declare(
        _ name: String, isPassive: Bool, arguments: AMQPTable
    ) throws(AMQPError) -> AMQPQueueStatus {
        let answer = try onQueueChannel(name) { library, channel, name in
            arguments.withWireForm {
                amqp_queue_declare(library, channel, name, isPassive ? 1 : 0, 1, 0, 0, $0)
            }
        }
        return AMQPQueueStatus(ready: Int(answer.message_count), consumers: Int(answer.consumer_count))
    }

    /// Removes the messages that wait; answers how many they were.
    @discardableResult
    public func purgeQueue(_ name: String) throws(AMQPError) -> Int {
        let answer = try onQueueChannel(name) { amqp_queue_purge($0, $1, $2) }
        return Int(answer.message_count)
    }

    /// Removes the queue and what it holds, if it exists; answers how many messages that were.
    @discardableResult
    public func deleteQueue(_ name: String) throws(AMQPError) -> Int {
        let answer = try onQueueChannel(name) { amqp_queue_delete($0, $1, $2, 0, 0) }
        return Int(answer.message_count)
    }

    /// The channel on which queues and exchanges are asked for; a refusal closes it, and the next asks on another.
    func topologyChannel() throws(AMQPError) -> UInt16 {
        try requireAnswers()
        if let existing = channel(where: { if case .queues = $0 { true } else { false } }) { return existing }
        return try openChannel(.queues)
    }

    private func onQueueChannel<Answer>(
        _ name: String,
        _ call: (amqp_connection_state_t, UInt16, amqp_bytes_t) -> UnsafeMutablePointer<Answer>?
    ) throws(AMQPError) -> Answer {
        let number = try topologyChannel()
        return try request(on: number) { library in name.withWireForm { call(library, number, $0) } }
    }
}
