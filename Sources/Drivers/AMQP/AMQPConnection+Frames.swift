import CLibRabbitMQ
import Glibc

extension AMQPConnection {
    /// Serves every frame that is there, in the library or in the socket; sends a heartbeat when one is due.
    ///
    /// Publishes nothing, so that it never runs within itself: ``pump()`` does both, one after the other.
    func drain() {
        while case .open = phase, let library = try? opened() {
            var frame = amqp_frame_t()
            var atOnce = timeval()
            let status = guarded { amqp_simple_wait_frame_noblock(library, &frame, &atOnce) }
            if status == AMQP_STATUS_TIMEOUT.rawValue { return }
            guard status == AMQP_STATUS_OK.rawValue else { return end(lost(status)) }
            do {
                try serve(frame)
            } catch {
                return end(AMQPError(.connectionLost, "the broker sent frames out of order"))
            }
            // Everything needed has been copied out; without this the library's memory only grows.
            if case .open = phase { amqp_maybe_release_buffers(library) }
        }
    }

    private func serve(_ frame: amqp_frame_t) throws(ContentAssembly<ContentHead>.Fault) {
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            try serve(frame.payload.method, on: frame.channel)
        case AMQP_FRAME_HEADER:
            let header = frame.payload.properties
            // The library decodes the header of another class into another struct.
            guard Int32(header.class_id) == AMQP_BASIC_CLASS else { throw .unexpectedFrame }
            let properties = header.decoded.assumingMemoryBound(to: amqp_basic_properties_t.self)
            let content = try channels[frame.channel]?.assembly.header(bodySize: header.body_size) {
                $0.add(properties.pointee)
            }
            if let content { finish(content, on: frame.channel) }
        case AMQP_FRAME_BODY:
            let piece = frame.payload.body_fragment
            let content = try channels[frame.channel]?.assembly.append(
                UnsafeRawBufferPointer(start: piece.bytes, count: piece.len))
            if let content { finish(content, on: frame.channel) }
        default:
            break
        }
    }

    private func serve(_ method: amqp_method_t, on channel: UInt16) throws(ContentAssembly<ContentHead>.Fault) {
        switch method.id {
        case AMQP_BASIC_DELIVER_METHOD, AMQP_BASIC_RETURN_METHOD:
            try channels[channel]?.assembly.begin(ContentHead(method))
        case AMQP_BASIC_ACK_METHOD:
            let ack = method.decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
            settlePublishes(ack.delivery_tag, multiple: ack.multiple != 0, isAck: true)
        case AMQP_BASIC_NACK_METHOD:
            let nack = method.decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
            settlePublishes(nack.delivery_tag, multiple: nack.multiple != 0, isAck: false)
        case AMQP_BASIC_CANCEL_METHOD:
            endConsumer(on: channel, AMQPError(.consumerCancelled, "the broker cancelled the consumer"))
        case AMQP_CHANNEL_CLOSE_METHOD:
            if let error = AMQPError(closing: method) { channelWasClosed(channel, error) }
        default:
            serveConnection(method)
        }
    }

    private func serveConnection(_ method: amqp_method_t) {
        switch method.id {
        case AMQP_CONNECTION_CLOSE_METHOD:
            var closeOK = amqp_connection_close_ok_t()
            if let library = try? opened() {
                _ = guarded { amqp_send_method(library, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &closeOK) }
            }
            end(AMQPError(closing: method))
        case AMQP_CONNECTION_BLOCKED_METHOD:
            let blocked = method.decoded.assumingMemoryBound(to: amqp_connection_blocked_t.self).pointee
            blockedReason = String(blocked.reason)
        case AMQP_CONNECTION_UNBLOCKED_METHOD:
            blockedReason = nil
        default:
            break
        }
    }

    private func finish(_ content: (head: ContentHead, body: [UInt8]), on channel: UInt16) {
        switch content.head {
        case .delivery(var delivery):
            guard case .consuming(let onEvent) = channels[channel]?.role else {
                return giveBack(delivery.tag, on: channel)
            }
            delivery.body = content.body
            onEvent(.delivery(delivery))
        case .returned(let reason, let sequence):
            if let sequence { window.markReturned(sequence, reason: reason) }
        }
    }
}

extension AMQPConnection {
    /// What comes after the end of its consumer goes back to the queue at once, for others: unsettled, it would wait until
    /// the channel is closed.
    private func giveBack(_ tag: UInt64, on channel: UInt16) {
        guard case .drained = channels[channel]?.role, let library = try? opened() else { return }
        let status = guarded { amqp_basic_nack(library, channel, tag, 0, 1) }
        if status != AMQP_STATUS_OK.rawValue { end(lost(status)) }
    }
}

extension ContentHead {
    /// Copies a basic.deliver or basic.return.
    fileprivate init(_ method: amqp_method_t) {
        if method.id == AMQP_BASIC_DELIVER_METHOD {
            let deliver = method.decoded.assumingMemoryBound(to: amqp_basic_deliver_t.self).pointee
            self = .delivery(
                AMQPDelivery(
                    tag: deliver.delivery_tag, body: [], isRedelivered: deliver.redelivered != 0,
                    routingKey: String(deliver.routing_key), messageID: nil, headers: [:]))
        } else {
            let returned = method.decoded.assumingMemoryBound(to: amqp_basic_return_t.self).pointee
            self = .returned(reason: String(returned.reply_text), sequence: nil)
        }
    }

    /// Copies what the header adds.
    fileprivate mutating func add(_ properties: amqp_basic_properties_t) {
        func has(_ flag: Int32) -> Bool { properties._flags & amqp_flags_t(flag) != 0 }
        switch self {
        case .delivery(var delivery):
            if has(AMQP_BASIC_MESSAGE_ID_FLAG) { delivery.messageID = String(properties.message_id) }
            if has(AMQP_BASIC_HEADERS_FLAG) { delivery.headers = AMQPTable(wireForm: properties.headers) }
            self = .delivery(delivery)
        case .returned(let reason, _):
            guard has(AMQP_BASIC_CORRELATION_ID_FLAG) else { return }
            self = .returned(reason: reason, sequence: UInt64(String(properties.correlation_id)))
        }
    }
}
