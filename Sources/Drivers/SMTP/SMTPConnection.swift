import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A connection of the pool. What happens on it is decided on its event loop.
final class SMTPConnection: Sendable {
    /// What others than the event loop may know of a connection.
    final class Status: Sendable {
        private let over = Atomic(false)

        init() {}

        /// Whether it can take no other delivery.
        var isOver: Bool { over.load(ordering: .acquiring) }
        func end() { over.store(true, ordering: .releasing) }
    }

    private let channel: any Channel
    private let handler: NIOLoopBound<SMTPChannelHandler>
    private let status: Status
    private let ready: EventLoopFuture<Void>
    private let deliveries = Atomic(0)

    private init(
        _ channel: any Channel, _ handler: SMTPChannelHandler, _ status: Status, _ ready: EventLoopFuture<Void>
    ) {
        self.channel = channel
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        self.status = status
        self.ready = ready
    }

    /// Connects and gets ready for a delivery: greeting, EHLO, TLS and authentication as configured.
    static func open(
        _ configuration: SMTPConfiguration, _ security: SMTPSecurity, on group: any EventLoopGroup
    ) async throws(SMTPError) -> SMTPConnection {
        let connection: SMTPConnection
        do {
            connection = try await bootstrap(configuration, on: group)
                .connectTimeout(TimeAmount(configuration.timeouts.connect))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: configuration.host, port: configuration.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try install(on: channel, configuration, security) }
                }
        } catch let error as SMTPError {
            throw error
        } catch {
            throw SMTPError(.connectFailed, .connect, cause: "\(type(of: error))")
        }
        do {
            try await connection.settled(connection.ready)
        } catch {
            await connection.close()
            throw error
        }
        return connection
    }

    private static func bootstrap(
        _ configuration: SMTPConfiguration, on group: any EventLoopGroup
    ) throws -> ClientBootstrap {
        let bootstrap = ClientBootstrap(group: group)
        guard let source = configuration.sourceAddress else { return bootstrap }
        return bootstrap.bind(to: try SocketAddress(ipAddress: source, port: 0))
    }

    private static func install(
        on channel: any Channel, _ configuration: SMTPConfiguration, _ security: SMTPSecurity
    ) throws -> SMTPConnection {
        let status = Status()
        let ready = channel.eventLoop.makePromise(of: Void.self)
        let handler = SMTPChannelHandler(configuration, status: status, ready: ready) { try security.makeHandler() }
        do {
            if configuration.encryption == .implicit {
                try channel.pipeline.syncOperations.addHandler(security.makeHandler())
            }
            try channel.pipeline.syncOperations.addHandler(handler)
        } catch {
            ready.fail(error)
            throw error
        }
        return SMTPConnection(channel, handler, status, ready.futureResult)
    }

    var isOver: Bool { status.isOver || !channel.isActive }
    var deliveryCount: Int { deliveries.load(ordering: .relaxed) }

    /// Hands over all of a message but the final dot. On cancellation the connection is closed.
    func prepare(_ envelope: SMTPEnvelope, _ body: MessageBody) async throws(SMTPError) {
        deliveries.add(1, ordering: .relaxed)
        let promise = channel.eventLoop.makePromise(of: Void.self)
        channel.eventLoop.execute { self.handler.value.prepare(envelope, body, promise) }
        try await settled(promise.futureResult)
    }

    /// Sends the final dot and awaits its answer, cancelled or not: what has become of a message must be known.
    ///
    /// Unless `instant` has come: then the connection is closed without it.
    func commit(
        before instant: ContinuousClock.Instant? = nil, whenSent: @escaping @Sendable () -> Void = {}
    ) async -> SMTPOutcome {
        let promise = channel.eventLoop.makePromise(of: SMTPOutcome.self)
        channel.eventLoop.execute {
            // Here, right before the write: the process may have stood still since it was asked for.
            if let instant, instant <= .now {
                self.drop()
                return promise.succeed(.deferred(SMTPError(.cancelled, .finalDot)))
            }
            self.handler.value.commit(promise)
            whenSent()
        }
        do {
            return try await promise.futureResult.get()
        } catch {
            return .unknown(SMTPError(.connectionLost, .finalDot))
        }
    }

    /// Closes without a word, so that the server discards what it has of a message. Returns when closed.
    func close() async {
        status.end()
        channel.close(promise: nil)
        try? await channel.closeFuture.get()
    }

    /// As `close()`, without waiting.
    func drop() {
        status.end()
        channel.close(promise: nil)
    }

    /// Takes leave of the server, without waiting.
    func leave() { channel.eventLoop.execute { self.handler.value.quit() } }

    /// Takes leave of the server. Returns when closed.
    func quit() async {
        leave()
        try? await channel.closeFuture.get()
    }

    func whenClosed(_ notify: @escaping @Sendable () -> Void) { channel.closeFuture.whenComplete { _ in notify() } }

    private func settled(_ future: EventLoopFuture<Void>) async throws(SMTPError) {
        do {
            try await withTaskCancellationHandler {
                try await future.get()
            } onCancel: {
                drop()
            }
        } catch let error as SMTPError {
            throw Task.isCancelled ? SMTPError(.cancelled, error.phase) : error
        } catch {
            throw SMTPError(.connectionLost, .connect, cause: "\(type(of: error))")
        }
    }
}
