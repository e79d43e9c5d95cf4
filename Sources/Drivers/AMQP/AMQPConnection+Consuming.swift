import CLibRabbitMQ

extension AMQPConnection {
    /// Subscribes to a queue.
    ///
    /// - Parameters:
    ///   - prefetch: the most deliveries that may be unsettled, and so the most that `onEvent` must hold.
    ///   - onEvent: see ``AMQPConsumerEvent``; may be called before this returns.
    /// - Throws: `.notFound`, `.accessRefused`, `.blocked`, and what ends a connection.
    public func consume(
        queue: String, prefetch: UInt16, onEvent: @escaping @Sendable (AMQPConsumerEvent) -> Void
    ) throws(AMQPError) -> AMQPConsumer {
        let number = try openChannel(.consuming(onEvent: onEvent))
        let consumer = AMQPConsumer(
            queue: queue, connection: self, channel: number, serial: channels[number]?.serial ?? 0)
        _ = try request(on: number) { amqp_basic_qos($0, number, 0, prefetch, 0) }
        _ = try request(on: number) { library in
            queue.withWireForm { queue in
                consumer.tag.withWireForm {
                    amqp_basic_consume(library, number, queue, $0, 0, 0, 0, amqp_empty_table)
                }
            }
        }
        return consumer
    }

    /// Subscribes to a queue, as a sequence that ends with the consumer, or throws the ``AMQPError`` that ended it.
    public func deliveries(
        queue: String, prefetch: UInt16
    ) throws(AMQPError) -> (consumer: AMQPConsumer, deliveries: AsyncThrowingStream<AMQPDelivery, any Error>) {
        // Bounded by the prefetch.
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: AMQPDelivery.self)
        let consumer = try consume(queue: queue, prefetch: prefetch) { event in
            switch event {
            case .delivery(let delivery): continuation.yield(delivery)
            case .ended(let error): continuation.finish(throwing: error)
            }
        }
        return (consumer, stream)
    }

    func ack(_ consumer: AMQPConsumer, _ tag: UInt64, multiple: Bool) {
        settle(consumer) { amqp_basic_ack($0, consumer.channel, tag, multiple ? 1 : 0) }
    }

    func nack(_ consumer: AMQPConsumer, _ tag: UInt64, multiple: Bool, requeue: Bool) {
        settle(consumer) {
            amqp_basic_nack($0, consumer.channel, tag, multiple ? 1 : 0, requeue ? 1 : 0)
        }
    }

    private func settle(_ consumer: AMQPConsumer, _ send: (amqp_connection_state_t) -> Int32) {
        guard isOpen(consumer), let library = try? opened() else { return }
        let status = guarded { send(library) }
        if status != AMQP_STATUS_OK.rawValue { return end(lost(status)) }
        if hasBuffered(library) { pump() }
    }

    func cancel(_ consumer: AMQPConsumer) throws(AMQPError) {
        guard isOpen(consumer), case .consuming = channels[consumer.channel]?.role else { return }
        try requireAnswers()
        _ = try request(on: consumer.channel) { library in
            consumer.tag.withWireForm { amqp_basic_cancel(library, consumer.channel, $0) }
        }
        // A quorum queue's deliveries may still lie in the channel's mailbox when it answers: they come before the
        // answer to the next request.
        _ = try request(on: consumer.channel) { amqp_basic_qos($0, consumer.channel, 0, 0, 0) }
        endConsumer(on: consumer.channel, nil)
    }

    func close(_ consumer: AMQPConsumer) throws(AMQPError) {
        guard isOpen(consumer) else { return }
        try requireAnswers()
        let library = try opened()
        let reply = guarded(andWaiting: configuration.rpcTimeout) {
            amqp_channel_close(library, consumer.channel, AMQP_REPLY_SUCCESS)
        }
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else { throw failure(reply, on: consumer.channel) }
        endConsumer(on: consumer.channel, nil)
        // Frames that arrived before the broker closed the channel are dropped before its number is used again.
        channels[consumer.channel] = nil
        pump()
    }

    /// Tells a consumer its end, once.
    func endConsumer(on channel: UInt16, _ error: AMQPError?) {
        channels[channel]?.tellEnd(error)
        if channels[channel] != nil { channels[channel]?.role = .drained }
    }

    private func isOpen(_ consumer: AMQPConsumer) -> Bool {
        channels[consumer.channel]?.serial == consumer.serial
    }
}

extension AMQPConsumer {
    /// Named by us, so that the answer to basic.consume need not be read.
    fileprivate var tag: String { "consumer-\(serial)" }
}
