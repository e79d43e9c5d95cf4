import CLibRabbitMQ

/// A body on its way into the socket, piece by piece.
///
/// Up to the size of a frame it is one piece, which the library corks into one packet. A larger one is written a frame
/// at a time: between two frames the broker may say that it reads no more, the socket may fill, and frames of other
/// channels may go out (AMQP 0-9-1, 4.2.6). So a single write stays short however large the body.
struct OutgoingBody {
    private let message: AMQPMessage
    private let sequence: UInt64
    /// Bytes of the body that are written; `nil` before the method and the header.
    private var written: Int?

    /// - Parameter sequence: the broker's number of it on its channel.
    init(_ message: AMQPMessage, sequence: UInt64) {
        self.message = message
        self.sequence = sequence
    }

    var isComplete: Bool { written == message.body.count }

    /// Writes the next piece; answers the library's status. Must not be called again once complete.
    mutating func writeNext(_ library: amqp_connection_state_t, on channel: UInt16) -> Int32 {
        let room = Int(amqp_get_frame_max(library)) - Self.frameOverhead
        if let written { return writeFrame(from: written, room, library, channel) }
        let isOnePiece = message.body.count <= room
        written = isOnePiece ? message.body.count : 0
        return withProperties { isOnePiece ? writeWhole(&$0, library, channel) : writeHead(&$0, library, channel) }
    }

    /// Type, channel and size before the payload, the end mark after it.
    private static var frameOverhead: Int { 8 }

    private func withProperties(_ body: (inout amqp_basic_properties_t) -> Int32) -> Int32 {
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
                    return body(&properties)
                }
            }
        }
    }

    private func writeWhole(
        _ properties: inout amqp_basic_properties_t, _ library: amqp_connection_state_t, _ channel: UInt16
    ) -> Int32 {
        message.exchange.withWireForm { exchange in
            message.routingKey.withWireForm { routingKey in
                message.body.withUnsafeBytes {
                    amqp_basic_publish(library, channel, exchange, routingKey, 1, 0, &properties, amqp_bytes_t($0))
                }
            }
        }
    }

    private func writeHead(
        _ properties: inout amqp_basic_properties_t, _ library: amqp_connection_state_t, _ channel: UInt16
    ) -> Int32 {
        let status = message.exchange.withWireForm { exchange in
            message.routingKey.withWireForm { routingKey in
                var method = amqp_basic_publish_t(
                    ticket: 0, exchange: exchange, routing_key: routingKey, mandatory: 1, immediate: 0)
                return amqp_send_method(library, channel, AMQP_BASIC_PUBLISH_METHOD, &method)
            }
        }
        guard status == AMQP_STATUS_OK.rawValue else { return status }
        return withUnsafeMutablePointer(to: &properties) { properties in
            var header = amqp_frame_t()
            header.frame_type = UInt8(AMQP_FRAME_HEADER)
            header.channel = channel
            header.payload.properties.class_id = UInt16(AMQP_BASIC_CLASS)
            header.payload.properties.body_size = UInt64(message.body.count)
            header.payload.properties.decoded = UnsafeMutableRawPointer(properties)
            return amqp_send_frame(library, &header)
        }
    }

    private mutating func writeFrame(
        from offset: Int, _ room: Int, _ library: amqp_connection_state_t, _ channel: UInt16
    ) -> Int32 {
        let end = min(offset + room, message.body.count)
        written = end
        return message.body.withUnsafeBytes { body in
            var frame = amqp_frame_t()
            frame.frame_type = UInt8(AMQP_FRAME_BODY)
            frame.channel = channel
            frame.payload.body_fragment = amqp_bytes_t(UnsafeRawBufferPointer(rebasing: body[offset..<end]))
            return amqp_send_frame(library, &frame)
        }
    }
}
