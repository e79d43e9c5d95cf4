import CLibRabbitMQ

extension AMQPConnection {
    /// Opens a channel for one use.
    func openChannel(_ role: Channel.Role) throws(AMQPError) -> UInt16 {
        try requireAnswers()
        guard let number = (1...Self.channelLimit).first(where: { channels[$0] == nil }) else {
            throw AMQPError(.channelClosed, "the connection has no channel left")
        }
        _ = try request(on: number) { amqp_channel_open($0, number) }
        lastSerial += 1
        channels[number] = Channel(role: role, serial: lastSerial)
        return number
    }

    private static var channelLimit: UInt16 { 2_047 }

    /// The channel with this role, if open.
    func channel(where matches: (Channel.Role) -> Bool) -> UInt16? {
        channels.first { matches($0.value.role) }?.key
    }

    /// Throws while the broker has blocked us: it reads no request, and waiting in vain would end the connection.
    func requireAnswers() throws(AMQPError) {
        _ = try opened()
        if let blockedReason { throw AMQPError(.blocked, blockedReason) }
    }

    /// Makes a request that the broker answers, and serves what came in meanwhile.
    ///
    /// The answer's pointers are not valid any more; its numbers are.
    func request<Answer>(
        on channel: UInt16, _ call: (amqp_connection_state_t) -> UnsafeMutablePointer<Answer>?
    ) throws(AMQPError) -> Answer {
        let library = try opened()
        let answer = guarded(andWaiting: configuration.rpcTimeout) { call(library)?.pointee }
        guard let answer else {
            throw failure(amqp_get_rpc_reply(library), on: channel)
        }
        pump()
        return answer
    }

    /// Turns a failed reply into an error, having ended what the failure ends: the channel, or the connection.
    func failure(_ reply: amqp_rpc_reply_t, on channel: UInt16) -> AMQPError {
        let error = AMQPError(reply)
        if reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION, reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD {
            channelWasClosed(channel, error)
            pump()
        } else {
            end(error)
        }
        return error
    }

    /// Answers the broker's channel.close and tells whoever used the channel.
    func channelWasClosed(_ number: UInt16, _ error: AMQPError) {
        guard let library = try? opened() else { return }
        var closeOK = amqp_channel_close_ok_t()
        _ = guarded { amqp_send_method(library, number, AMQP_CHANNEL_CLOSE_OK_METHOD, &closeOK) }
        guard let channel = channels.removeValue(forKey: number) else { return }
        if case .publishing = channel.role { failPublishes(error) }
        channel.tellEnd(error)
    }
}
