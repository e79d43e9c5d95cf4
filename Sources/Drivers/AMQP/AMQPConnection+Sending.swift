import CLibRabbitMQ
import Glibc

extension AMQPConnection {
    /// Serves what came in, then sends what may go out; to be called whenever the library has been used.
    func pump() {
        drain()
        sendAdmitted()
    }

    /// Sends what the window has room for, as long as the broker reads.
    ///
    /// Between two pieces it looks at the socket. A broker that has blocked us says so on it, and what is written after
    /// that would only fill the buffers until a write never returns.
    func sendAdmitted() {
        repeat {
            while sendPiece() {}
            // A write that had to wait may have read frames into the library, where poll cannot see them.
        } while serveBuffered()
    }

    /// Writes one piece of a body; `false` when none may go now.
    private func sendPiece() -> Bool {
        guard mayWrite, let library = try? opened(), let socket else { return stop(isStalled: false) }
        let state = SocketState(socket)
        if state.isReadable || hasBuffered(library) {
            drain()
            // What was read may have blocked us, closed the channel, or ended the connection.
            guard mayWrite else { return stop(isStalled: false) }
        }
        guard state.isWritable else { return stop(isStalled: true) }
        if outgoing == nil { outgoing = nextBody() }
        guard let number = publishingChannel, let status = guarded({ outgoing?.writeNext(library, on: number) }) else {
            return stop(isStalled: false)
        }
        if outgoing?.isComplete == true { outgoing = nil }
        if status != AMQP_STATUS_OK.rawValue { end(lost(status)) }
        return status == AMQP_STATUS_OK.rawValue
    }

    private func stop(isStalled: Bool) -> Bool {
        self.isStalled = isStalled
        return false
    }

    private var mayWrite: Bool {
        blockedReason == nil && publishingChannel != nil && (outgoing != nil || window.hasAdmissible)
    }

    private func nextBody() -> OutgoingBody? {
        window.admit(now: .now).map { OutgoingBody($0.ticket.message, sequence: $0.sequence) }
    }

    /// Whether the library holds frames that poll cannot see.
    func hasBuffered(_ library: amqp_connection_state_t) -> Bool {
        amqp_frames_enqueued(library) != 0 || amqp_data_in_buffer(library) != 0
    }

    private func serveBuffered() -> Bool {
        guard let library = try? opened(), hasBuffered(library) else { return false }
        drain()
        return true
    }

    // MARK: Writes that cannot last for ever

    /// Makes a call of the library that may write; beyond ``AMQPConfiguration/writeTimeout`` the socket is shut down, and
    /// the call fails.
    ///
    /// - Parameter wait: how long the call may wait for an answer besides.
    func guarded<R>(andWaiting wait: Duration = .zero, _ call: () -> R) -> R {
        guard let watchdog else { return call() }
        return watchdog.watching(configuration.writeTimeout + wait, call)
    }

    /// What a failed call of the library means for the connection.
    func lost(_ status: Int32) -> AMQPError {
        guard let watchdog, watchdog.hasBitten else { return AMQPError(status: status) }
        return AMQPError(.connectionLost, "the broker took nothing from the socket for too long")
    }
}

/// What can be done with a socket at this moment.
struct SocketState {
    /// There is something to read, or it is at its end or broken: reading tells which.
    let isReadable: Bool
    /// A good part of the send buffer is free.
    let isWritable: Bool

    init(_ descriptor: Int32) {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN | POLLOUT), revents: 0)
        let count = poll(&state, 1, 0)
        isReadable = count > 0 && Int32(state.revents) & ~POLLOUT != 0
        isWritable = count > 0 && Int32(state.revents) & POLLOUT != 0
    }
}
