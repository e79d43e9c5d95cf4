import AMQP

extension BrokerConnection {
    /// What waits in one lane, asked on the connection that stands; nil where none does, or the queue is not there.
    public func depth(of queue: QueueName, lane: Lane) async -> Topology.Depth? {
        guard let connection = openConnection else { return nil }
        guard let status = try? await connection.queueStatus(queue.name(in: lane)) else { return nil }
        return Topology.Depth(queue: queue, lane: lane, ready: status.ready, consumers: status.consumers)
    }
}
