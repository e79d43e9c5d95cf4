import CLibRabbitMQ

extension AMQPError {
    /// Reads the library's status.
    init(status: Int32, otherwise code: Code = .connectionLost) {
        let message = String(cString: amqp_error_string2(status))
        switch status {
        case AMQP_STATUS_SSL_ERROR.rawValue, AMQP_STATUS_SSL_CONNECTION_FAILED.rawValue,
            AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED.rawValue, AMQP_STATUS_SSL_PEER_VERIFY_FAILED.rawValue:
            self.init(code == .unreachable ? .tlsFailed : code, message)
        default:
            self.init(code, message)
        }
    }

    /// Reads the reply of a request that failed.
    init(_ reply: amqp_rpc_reply_t, otherwise code: Code = .connectionLost) {
        if reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION, let error = AMQPError(closing: reply.reply) {
            self = error
        } else {
            self.init(status: reply.library_error, otherwise: code)
        }
    }

    /// Reads a connection.close or channel.close method; `nil` for any other.
    init?(closing method: amqp_method_t) {
        switch method.id {
        case AMQP_CONNECTION_CLOSE_METHOD:
            let close = method.decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
            self.init(replyCode: close.reply_code, String(close.reply_text), otherwise: .connectionLost)
        case AMQP_CHANNEL_CLOSE_METHOD:
            let close = method.decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
            self.init(replyCode: close.reply_code, String(close.reply_text), otherwise: .channelClosed)
        default:
            return nil
        }
    }

    /// Reply codes of AMQP 0-9-1, section 1.2.
    private init(replyCode: UInt16, _ text: String, otherwise code: Code) {
        switch Int32(replyCode) {
        case AMQP_ACCESS_REFUSED, AMQP_NOT_ALLOWED: self.init(.accessRefused, text)
        case AMQP_NOT_FOUND: self.init(.notFound, text)
        case AMQP_PRECONDITION_FAILED: self.init(.preconditionFailed, text)
        default: self.init(code, text)
        }
    }
}
