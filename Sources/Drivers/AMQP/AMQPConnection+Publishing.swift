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
    /// Waits for room in the window. Cancelling the task does not shorten the wait: the outcome would be lost. RabbitMQ
    /// announces an alarm only to those who publish, and then reads no more; so after a rest the first 64 KiB (or one
    /// larger body) go alone, and the rest follows their first confirm.
    ///
    /// - Parameters:
    ///   - timeout: from the call to the confirm.
    ///   - whenSent: called once the body is on its way, or waits for room, and before it is confirmed.
    /// - Throws: `.returned`, `.nacked`; never sent: `.overloaded`, `.blocked`; outcome unknown, publish it again:
    ///   `.unconfirmed`, `.connectionLost`, `.channelClosed`, `.closed`.
    public func publish(
        _ message: AMQPMessage, timeout: Duration = .seconds(30), whenSent: @Sendable () -> Void = {}
    ) async throws(AMQPError) {
        try openPublishing()
        let deadline = ContinuousClock.now + timeout
        let result = await withCheckedContinuation { continuation in
            let ticket = PublishTicket(message: message, continuation: continuation)
            guard window.enqueue(ticket, bytes: message.body.count, deadline: deadline) else {
                return ticket.fail(AMQPError(.overloaded, "too many bytes wait to be published"))
            }
            sendAdmitted()
            whenSent()
        }
        try result.get()
    }

    private func openPublishing() throws(AMQPError) {
        _ = try opened()
        if publishingChannel != nil { return }
        let number = try openChannel(.publishing)
        _ = try request(on: number) { amqp_confirm_select($0, number) }
        publishingChannel = number
    }

    /// Serves a basic.ack or basic.nack; the room that it makes is used by the next ``sendAdmitted()``.
    func settlePublishes(_ sequence: UInt64, multiple: Bool, isAck: Bool) {
        for (ticket, outcome) in window.settle(sequence, multiple: multiple, isAck: isAck, now: .now) {
            switch outcome {
            case .confirmed: ticket.continuation.resume(returning: .success(()))
            case .nacked: ticket.fail(AMQPError(.nacked, "the broker refused the body"))
            case .returned(let reason): ticket.fail(AMQPError(.returned, reason))
            }
        }
        refusals.note(isAck: isAck, now: .now)
    }

    /// Fails those whose time is over; and ends the connection where the broker owes an answer for longer than any request
    /// may take, or refuses all. A quorum queue without a leader, as just after the death of its node, can forget a body for
    /// good; and a channel that was opened just then has been seen to have every body refused, while the queue had another
    /// leader long since. A queue that is full refuses those of the next connection too.
    func expirePublishes() {
        let late = window.expire(now: .now)
        let neverSent =
            blockedReason.map { AMQPError(.blocked, $0) }
            ?? AMQPError(.overloaded, "the publish window stayed full")
        for ticket in late.neverSent { ticket.fail(neverSent) }
        for ticket in late.unknown { ticket.fail(AMQPError(.unconfirmed, "the broker did not confirm in time")) }
        if refusals.isHopeless {
            return end(AMQPError(.connectionLost, "the broker refused all bodies for \(refusals.patience)"))
        }
        guard blockedReason == nil, let since = window.overdueSince else { return }
        if max(since, unblockedAt) + configuration.rpcTimeout <= .now {
            end(AMQPError(.connectionLost, "the broker left a body unanswered"))
        }
    }

    /// Fails everything with the channel.
    func failPublishes(_ error: AMQPError) {
        publishingChannel = nil
        outgoing = nil
        let all = window.fail()
        for ticket in all.neverSent + all.unknown { ticket.fail(error) }
    }
}
