import CLibRabbitMQ
import ConnectionThread

/// One connection to the broker, on a thread of its own.
///
/// Publish and consume over different connections: under load the broker stops reading from those that publish.
/// A connection is never reopened; when it has ended, every call throws and a new one is to be made. It ends by
/// ``close()``, by the broker, or by two missed heartbeats, and says so through `onChange`.
///
/// Calls run one after the other. While there are none the thread waits for the socket, so confirms, deliveries and
/// heartbeats are served at once (librabbitmq serves them only inside its calls).
public actor AMQPConnection {
    /// What a connection tells about itself, in order, on its own thread.
    public enum Change: Sendable {
        /// The broker takes no publishes (connection.blocked), with its reason: an alarm on memory or disk.
        case blocked(reason: String)
        case unblocked
        /// The last change. `nil` after ``AMQPConnection/close()``.
        case ended(AMQPError?)
    }

    enum Phase {
        case opening
        case open
        case ended(AMQPError)
    }

    let configuration: AMQPConfiguration
    let thread: ConnectionThread
    private let onChange: @Sendable (Change) -> Void

    private(set) var phase = Phase.opening
    /// The library's state of the connection; freed when the connection ends.
    private var library: amqp_connection_state_t?
    var channels: [UInt16: Channel] = [:]
    private var lastSerial = 0
    var window: ConfirmWindow<PublishTicket>
    var blockedReason: String? {
        didSet { onChange(blockedReason.map { .blocked(reason: $0) } ?? .unblocked) }
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private init(
        _ configuration: AMQPConfiguration, onChange: @escaping @Sendable (Change) -> Void
    ) throws(AMQPError) {
        do {
            thread = try ConnectionThread(name: configuration.connectionName)
        } catch {
            throw AMQPError(.unreachable, "the system has no thread or file descriptor left (errno \(error.number))")
        }
        self.configuration = configuration
        self.onChange = onChange
        window = ConfirmWindow(
            limits: .init(
                messages: configuration.windowMessages, bytes: configuration.windowBytes,
                waitingBytes: configuration.waitingBytes))
    }

    /// Connects, logs in and stays connected.
    ///
    /// - Parameter onChange: runs on the connection's thread; must return quickly and never block.
    /// - Throws: `.unreachable`, `.accessRefused`, `.tlsFailed`; bounded by the two timeouts of the configuration.
    public static func connect(
        _ configuration: AMQPConfiguration, onChange: @escaping @Sendable (Change) -> Void = { _ in }
    ) async throws(AMQPError) -> AMQPConnection {
        let connection = try AMQPConnection(configuration, onChange: onChange)
        try await connection.open()
        return connection
    }

    isolated deinit {
        // The safety net: without an owner nobody can close it properly any more.
        if case .ended = phase { return }
        end(nil)
    }

    private func open() throws(AMQPError) {
        do {
            library = try Login(configuration).run()
        } catch {
            phase = .ended(error)
            thread.shutdown()
            throw error
        }
        phase = .open
        watchSocket()
    }

    /// Half a heartbeat keeps the broker content; a quarter of a second bounds how late a deadline is noticed.
    private func watchSocket() {
        guard let library else { return }
        let heartbeat = amqp_get_heartbeat(library)
        let tick = heartbeat == 0 ? Self.tick : min(Self.tick, .seconds(heartbeat) / 2)
        thread.watch(fileDescriptor: amqp_get_sockfd(library), timeout: tick) { [weak self] _ in
            self?.assumeIsolated { connection in
                connection.drain()
                connection.expirePublishes()
            }
        }
    }

    private static var tick: Duration { .milliseconds(250) }

    /// Says goodbye to the broker and frees everything; whatever is unacked goes back to its queue.
    ///
    /// Publishes that are not yet confirmed throw `.closed`, with an unknown outcome. Harmless when repeated.
    public func close() {
        guard case .open = phase, let library else { return }
        _ = amqp_connection_close(library, AMQP_REPLY_SUCCESS)
        end(nil)
    }

    /// The library's state, for one call.
    func opened() throws(AMQPError) -> amqp_connection_state_t {
        if case .ended(let error) = phase { throw error }
        guard let library else { throw AMQPError(.closed, "the connection is not open") }
        return library
    }

    /// Ends the connection once: frees the socket, fails what waits, tells everybody.
    func end(_ error: AMQPError?) {
        guard case .open = phase else { return }
        let reason = error ?? AMQPError(.closed, "the connection was closed")
        phase = .ended(reason)
        thread.unwatch()
        if let library { amqp_destroy_connection(library) }
        library = nil
        failPublishes(reason)
        let ended = channels.values
        channels = [:]
        for channel in ended { channel.tellEnd(error) }
        onChange(.ended(error))
        thread.shutdown()
    }

    // MARK: Channels

    func openChannel(_ role: Channel.Role) throws(AMQPError) -> UInt16 {
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

    /// Makes a request that the broker answers, and serves what came in meanwhile.
    ///
    /// The answer's pointers are not valid any more; its numbers are.
    func request<Answer>(
        on channel: UInt16, _ call: (amqp_connection_state_t) -> UnsafeMutablePointer<Answer>?
    ) throws(AMQPError) -> Answer {
        let library = try opened()
        guard let answer = call(library)?.pointee else {
            throw failure(amqp_get_rpc_reply(library), on: channel)
        }
        drain()
        return answer
    }

    /// Turns a failed reply into an error, having ended what the failure ends: the channel, or the connection.
    func failure(_ reply: amqp_rpc_reply_t, on channel: UInt16) -> AMQPError {
        let error = AMQPError(reply)
        if reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION, reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD {
            channelWasClosed(channel, error)
            drain()
        } else {
            end(error)
        }
        return error
    }

    /// Answers the broker's channel.close and tells whoever used the channel.
    func channelWasClosed(_ number: UInt16, _ error: AMQPError) {
        guard let library else { return }
        var closeOK = amqp_channel_close_ok_t()
        _ = amqp_send_method(library, number, AMQP_CHANNEL_CLOSE_OK_METHOD, &closeOK)
        guard let channel = channels.removeValue(forKey: number) else { return }
        if case .publishing = channel.role { failPublishes(error) }
        channel.tellEnd(error)
    }
}
