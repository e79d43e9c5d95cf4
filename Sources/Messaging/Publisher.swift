import AMQP
import CrashPoints
public import Logging
public import ServiceLifecycle
import Synchronization

/// Publishes bodies and waits for the broker's confirm; reconnects by itself.
///
/// A `Service` that keeps the connection open and, on graceful shutdown, closes it once the publishes under way have
/// ended: list it before those who publish. Without ``run()`` it connects at the first publish; then ``close()`` it.
public final class Publisher: Service, Sendable {
    /// A larger body is refused: `.tooLarge`. 16 MB.
    public static let bodyLimit = 16_000_000
    /// Up to here a body is one frame (131,072 bytes less the frame's own 8); aim at it.
    public static let preferredBodyLimit = 131_064

    private struct State {
        var active = 0
        var isClosing = false
        /// Those who close.
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let broker: BrokerConnection
    private let membership: BrokerConnection.Membership
    private let timeout: Duration
    private let state = Mutex(State())
    private let metrics = PublisherMetrics()

    /// - Parameter timeout: from a call to its confirm, reconnecting included; then it throws.
    public init(_ configuration: BrokerConfiguration, logger: Logger, timeout: Duration = .seconds(30)) {
        broker = BrokerConnection(configuration.named("publish"), logger: logger)
        membership = broker.join()
        self.timeout = timeout
    }

    /// Whether bodies can be published at this moment.
    public var availability: BrokerAvailability { broker.availability }

    /// What is wrong with the broker at this moment; nil while bodies can be published.
    public var trouble: BrokerTrouble? { broker.trouble }

    /// Whether a publish would only wait: the broker is known to be away, or to take no publishes.
    ///
    /// Who can do without the publish had better not begin one. It is for ``run()`` to bring the broker back.
    public var isKnownUnusable: Bool { broker.isKnownUnusable }

    /// Keeps the connection open until graceful shutdown, then waits for the publishes under way and closes it.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            _ = try await self.broker.connection()
            for await _ in self.membership.losses { _ = try await self.broker.connection() }
        }
        await close()
    }

    /// Publishes a body; returns once the broker has it safe.
    ///
    /// - Parameter timeout: in place of the publisher's own.
    /// - Throws: ``MessagingError``; when it is transient the same body may be published again, which every consumer
    ///   must take as harmless.
    public func publish(
        _ body: [UInt8], to queue: QueueName, lane: Lane, messageID: String? = nil, timeout: Duration? = nil
    ) async throws(MessagingError) {
        guard body.count <= Self.bodyLimit else {
            throw MessagingError(.tooLarge, "a body is larger than \(Self.bodyLimit) bytes")
        }
        try begin()
        let start = ContinuousClock.now
        do throws(MessagingError) {
            try await send(
                AMQPMessage(
                    body, routingKey: queue.name(in: lane), exchange: queue.exchange ?? "", messageID: messageID,
                    headers: [WallClock.header: .int(WallClock.milliseconds)]),
                deadline: start + (timeout ?? self.timeout))
            metrics.confirmed(queue, lane, after: .now - start)
            end()
        } catch {
            metrics.failed(queue, lane, error.code)
            end()
            throw error
        }
    }

    private func send(_ message: AMQPMessage, deadline: ContinuousClock.Instant) async throws(MessagingError) {
        let connection = try await broker.connection(until: deadline)
        do {
            try await connection.publish(message, timeout: deadline - .now) { CrashPoint.publisherAfterPublish.pass() }
        } catch {
            // Somebody deleted the queue, or its exchange: the next attempt finds it again.
            if error.code == .returned || error.code == .notFound { try? await Topology.declareAgain(on: connection) }
            throw MessagingError(error)
        }
    }

    /// Waits for the publishes under way, takes no more, and closes the connection.
    public func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isClosing = true
                if state.active > 0 { state.closers.append(continuation) }
                return state.active == 0
            }
            if isIdle { continuation.resume() }
        }
        await broker.leave(membership)
    }

    private func begin() throws(MessagingError) {
        let isOpen = state.withLock { state in
            if !state.isClosing { state.active += 1 }
            return !state.isClosing
        }
        guard isOpen else { throw MessagingError(.closed, "the publisher was shut down") }
    }

    private func end() {
        let closers = state.withLock { state in
            state.active -= 1
            guard state.active == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }
}
