/// A subscription to one queue, on a channel of its own.
///
/// Every delivery is settled here by its tag. Once the connection or the channel has ended, settling does nothing: the
/// broker has taken everything back already.
public struct AMQPConsumer: Sendable {
    public let queue: String
    let connection: AMQPConnection
    let channel: UInt16
    let serial: Int

    /// Acknowledges one delivery, or with `multiple` all up to and including it.
    public func ack(_ tag: UInt64, multiple: Bool = false) async {
        await connection.ack(self, tag, multiple: multiple)
    }

    /// Gives one delivery, or with `multiple` all up to and including it, back to the queue (`requeue`: at its head, if
    /// it has a delivery limit) or to its dead-letter exchange.
    public func nack(_ tag: UInt64, multiple: Bool = false, requeue: Bool = true) async {
        await connection.nack(self, tag, multiple: multiple, requeue: requeue)
    }

    /// Stops the flow; the last event is `.ended(nil)`. What was delivered until then may still be settled.
    public func cancel() async throws(AMQPError) {
        try await connection.cancel(self)
    }

    /// Closes the channel: whatever is not settled goes back to the queue.
    public func close() async throws(AMQPError) {
        try await connection.close(self)
    }
}
