import CLibRabbitMQ
import ConnectionThread
import Glibc

/// One connection to the broker, on a thread of its own.
///
/// Publish and consume over different connections: under load the broker stops reading from those that publish.
/// A connection is never reopened; when it has ended, every call throws and a new one is to be made. It ends by
/// ``close()``, by the broker, by two missed heartbeats, by a write that the broker does not take, or by a body that it
/// never answers, and says so through `onChange`. While an alarm blocks publishers (`.blocked`) every request throws at once and publishes wait for their
/// own time-outs.
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
    var lastSerial = 0
    private(set) var watchdog: WriteWatchdog?
    var window: ConfirmWindow<PublishTicket>
    var publishingChannel: UInt16?
    var refusals: RefusalWatch
    /// The body that is partly written.
    var outgoing: OutgoingBody?
    /// Whether a body waits for room in the socket.
    var isStalled = false {
        didSet { if isStalled != oldValue { watchSocket() } }
    }
    /// When an alarm was last over.
    private(set) var unblockedAt = ContinuousClock.now
    var blockedReason: String? {
        didSet {
            if blockedReason == nil { unblockedAt = .now }
            onChange(blockedReason.map { .blocked(reason: $0) } ?? .unblocked)
        }
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
        refusals = RefusalWatch(patience: configuration.refusalPatience)
        window = ConfirmWindow(
            limits: .init(
                messages: configuration.windowMessages, bytes: configuration.windowBytes,
                waitingBytes: configuration.waitingBytes))
    }

    /// Connects to one of the broker's nodes, logs in and stays connected.
    ///
    /// - Parameter onChange: runs on the connection's thread; must return quickly and never block.
    /// - Throws: `.unreachable`, `.accessRefused`, `.tlsFailed`; bounded by the two timeouts of the configuration,
    ///   for each node.
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
            library = try Login.run(configuration)
            watchdog = try watchWrites()
        } catch {
            phase = .ended(error)
            if let library { amqp_destroy_connection(library) }
            library = nil
            thread.shutdown()
            throw error
        }
        phase = .open
        watchSocket()
    }

    private func watchWrites() throws(AMQPError) -> WriteWatchdog {
        let period = max(.milliseconds(10), min(.seconds(1), configuration.writeTimeout / 4))
        guard let watchdog = socket.flatMap({ WriteWatchdog(socket: $0, period: period) }) else {
            throw AMQPError(.unreachable, "no file descriptor left")
        }
        return watchdog
    }

    private func watchSocket() {
        guard let socket else { return }
        thread.watch(fileDescriptor: socket, timeout: tick) { [weak self] _ in
            self?.assumeIsolated { connection in
                connection.pump()
                connection.expirePublishes()
            }
        }
    }

    /// Half a heartbeat keeps the broker content; a quarter of a second bounds how late a deadline is noticed. The
    /// thread waits for the socket to become readable alone: that it has room again must be looked for.
    private var tick: Duration {
        if isStalled { return .milliseconds(2) }
        let heartbeat = library.map { amqp_get_heartbeat($0) } ?? 0
        return heartbeat == 0 ? .milliseconds(250) : min(.milliseconds(250), .seconds(heartbeat) / 2)
    }

    /// Says goodbye to the broker and frees everything; whatever is unacked goes back to its queue.
    ///
    /// Publishes that are not yet confirmed throw `.closed`, with an unknown outcome. Bounded by the configuration's
    /// `rpcTimeout`, by 2 s while anything is unconfirmed; a broker that reads nothing is left without a goodbye. Harmless
    /// when repeated.
    public func close() {
        drain()
        sayGoodbye()
        end(nil)
    }

    private func sayGoodbye() {
        guard case .open = phase, let library, blockedReason == nil else { return }
        guard let socket, SocketState(socket).isWritable else { return }
        // What is unconfirmed may have met an alarm that we have not heard of yet.
        let patience = window.inFlightCount == 0 ? configuration.rpcTimeout : min(configuration.rpcTimeout, .seconds(2))
        var timeout = timeval(patience)
        amqp_set_rpc_timeout(library, &timeout)
        _ = guarded(andWaiting: patience) { amqp_connection_close(library, AMQP_REPLY_SUCCESS) }
    }

    /// The library's state, for one call.
    func opened() throws(AMQPError) -> amqp_connection_state_t {
        if case .ended(let error) = phase { throw error }
        guard let library else { throw AMQPError(.closed, "the connection is not open") }
        return library
    }

    /// The library's; it may be closed within any call of the library that fails.
    var socket: Int32? { library.map { amqp_get_sockfd($0) } }

    /// Ends the connection once: frees the socket, fails what waits, tells everybody.
    func end(_ error: AMQPError?) {
        guard case .open = phase else { return }
        let reason = error ?? AMQPError(.closed, "the connection was closed")
        phase = .ended(reason)
        thread.unwatch()
        watchdog?.stop()
        if let library { amqp_destroy_connection(library) }
        library = nil
        failPublishes(reason)
        let ended = channels.values
        channels = [:]
        for channel in ended { channel.tellEnd(error) }
        onChange(.ended(error))
        thread.shutdown()
    }
}
