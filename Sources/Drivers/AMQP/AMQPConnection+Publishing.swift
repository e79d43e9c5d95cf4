import CLibRabbitMQ

/// A body on its way out and whoever waits for its confirm.
struct PublishTicket {
    let message: AMQPMessage
    let continuation: CheckedContinuation<Result<Void, AMQPError>, Never>

    func fail(_ error: AMQPError) { continuation.resume(returning: .failure(error)) }
}

extension AMQPConnection {
    /// Publishes a body, persistent and mandatory, and returns once the broker has confirmed it.
    ///
    /// Waits for room in the window. Cancelling the task does not shorten the wait: the outcome would be lost.
    ///
    /// - Parameter timeout: from the call to the confirm.
    /// - Throws: `.returned`, `.nacked`; never sent: `.overloaded`, `.blocked`; outcome unknown, publish it again:
    ///   `.unconfirmed`, `.connectionLost`, `.channelClosed`, `.closed`.
    public func publish(_ message: AMQPMessage, timeout: Duration = .seconds(30)) async throws(AMQPError) {
        try openPublishing()
        let deadline = ContinuousClock.now + timeout
        let result = await withCheckedContinuation { continuation in
            let ticket = PublishTicket(message: message, continuation: continuation)
            guard window.enqueue(ticket, bytes: message.body.count, deadline: deadline) else {
                return ticket.fail(AMQPError(.overloaded, "too many bytes wait to be published"))
            }
            sendAdmitted()
        }
        try result.get()
    }

    private func openPublishing() throws(AMQPError) {
        _ = try opened()
        if publishingChannel != nil { return }
        let number = try openChannel(.publishing)
        _ = try request(on: number) { amqp_confirm_select($0, number) }
    }

    private var publishingChannel: UInt16? {
        channel { if case .publishing = $0 { true } else { false } }
    }

    /// Sends what the window has room for, unless the broker has blocked us: a write would then block the thread.
    func sendAdmitted() {
        guard blockedReason == nil, let number = publishingChannel, let library = try? opened() else { return }
        for (sequence, ticket) in window.admit() {
            let status = send(ticket.message, sequence, library, number)
            if status != AMQP_STATUS_OK.rawValue { return end(AMQPError(status: status)) }
        }
        // A write that had to wait may have read frames into the library, where poll cannot see them.
        if amqp_frames_enqueued(library) != 0 || amqp_data_in_buffer(library) != 0 { drain() }
    }

    private func send(
        _ message: AMQPMessage, _ sequence: UInt64, _ library: amqp_connection_state_t, _ channel: UInt16
    ) -> Int32 {
        var properties = amqp_basic_properties_t()
        properties.delivery_mode = UInt8(AMQP_DELIVERY_PERSISTENT.rawValue)
        properties._flags = amqp_flags_t(AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG)
        if message.messageID != nil { properties._flags |= amqp_flags_t(AMQP_BASIC_MESSAGE_ID_FLAG) }
        if !message.headers.isEmpty { properties._flags |= amqp_flags_t(AMQP_BASIC_HEADERS_FLAG) }
        // A return names no delivery tag; the correlation id carries it there and back.
        return String(sequence).withWireForm { correlation in
            (message.messageID ?? "").withWireForm { messageID in
                message.headers.withWireForm { headers in
                    properties.correlation_id = correlation
                    properties.message_id = messageID
                    properties.headers = headers
                    return write(message, properties, library, channel)
                }
            }
        }
    }

    private func write(
        _ message: AMQPMessage, _ properties: amqp_basic_properties_t, _ library: amqp_connection_state_t,
        _ channel: UInt16
    ) -> Int32 {
        var properties = properties
        return message.exchange.withWireForm { exchange in
            message.routingKey.withWireForm { routingKey in
                message.body.withUnsafeBytes { body in
                    amqp_basic_publish(
                        library, channel, exchange, routingKey, 1, 0, &properties, amqp_bytes_t(body))
                }
            }
        }
    }

    /// Serves a basic.ack or basic.nack; the room that it makes is used at once.
    func settlePublishes(_ sequence: UInt64, multiple: Bool, isAck: Bool) {
        for (ticket, outcome) in window.settle(sequence, multiple: multiple, isAck: isAck) {
            switch outcome {
            case .confirmed: ticket.continuation.resume(returning: .success(()))
            case .nacked: ticket.fail(AMQPError(.nacked, "the broker refused the body"))
            case .returned(let reason): ticket.fail(AMQPError(.returned, reason))
            }
        }
        sendAdmitted()
    }

    /// Fails those whose time is over.
    func expirePublishes() {
        let late = window.expire(now: .now)
        let neverSent =
            blockedReason.map { AMQPError(.blocked, $0) }
            ?? AMQPError(.overloaded, "the publish window stayed full")
        for ticket in late.neverSent { ticket.fail(neverSent) }
        for ticket in late.unknown { ticket.fail(AMQPError(.unconfirmed, "the broker did not confirm in time")) }
    }

    /// Fails everything with the channel.
    func failPublishes(_ error: AMQPError) {
        let all = window.fail()
        for ticket in all.neverSent + all.unknown { ticket.fail(error) }
    }
}
