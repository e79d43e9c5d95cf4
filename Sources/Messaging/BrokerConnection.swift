import AMQP
public import Logging
import Synchronization

/// A connection to the broker that comes back by itself, shared by those who joined it.
///
/// Logs once when the broker goes and once when it returns. The queues are looked for on every new connection.
public final class BrokerConnection: Sendable {
    private struct State {
        var connection: AMQPConnection?
        var isConnecting = false
        /// Those who wait for the attempt under way.
        var waiters: [AsyncStream<Void>.Continuation] = []
        var delay: Duration = BrokerConnection.firstDelay
        var availability = BrokerAvailability.away {
            didSet { if availability != oldValue { since = .now } }
        }
        /// Since when it has been available, or not, as it is now.
        var since = ContinuousClock.now
        var wasThere = false
        var saidAway = false
        var lastError: AMQPError?
        var members: [Int: AsyncStream<Void>.Continuation] = [:]
        var lastMember = 0
    }

    /// One who uses the connection; as long as there is any, it stays open.
    struct Membership: Sendable {
        let id: Int
        /// An element for every time the connection was lost, at most one of them buffered.
        let losses: AsyncStream<Void>
    }

    private static let firstDelay = Duration.milliseconds(50)
    private static let longestDelay = Duration.seconds(2)

    private let configuration: AMQPConfiguration
    private let logger: Logger
    /// Returns when what the handlers of this connection's consumers need is there.
    let untilUsable: @Sendable () async -> Void
    private let state = Mutex(State())
    /// What consumers on this connection hold.
    public let held = HeldBodies()

    /// - Parameters:
    ///   - configuration: its connection name is used as it is.
    ///   - untilUsable: what consumers on this connection await before they take anything; see ``Consumer``.
    public init(
        _ configuration: BrokerConfiguration, logger: Logger, untilUsable: @escaping @Sendable () async -> Void = {}
    ) {
        self.configuration = configuration.amqp
        self.logger = logger
        self.untilUsable = untilUsable
    }

    /// Whether the broker can be used at this moment.
    public var availability: BrokerAvailability { state.withLock { $0.availability } }

    /// What is wrong with the broker at this moment; nil while it can be used.
    public var trouble: BrokerTrouble? {
        state.withLock { state in
            guard state.availability != .connected else { return nil }
            return BrokerTrouble(
                availability: state.availability, since: state.since, reason: state.lastError?.message,
                wasThere: state.wasThere)
        }
    }

    var openConnection: AMQPConnection? { state.withLock { $0.connection } }

    /// Whether it was tried and cannot be used; false before the first attempt has ended.
    var isKnownUnusable: Bool { state.withLock { $0.saidAway || $0.availability == .blocked } }

    func join() -> Membership {
        let (losses, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.lastMember += 1
            state.members[state.lastMember] = continuation
            return state.lastMember
        }
        return Membership(id: id, losses: losses)
    }

    /// Closes the connection when the last one leaves.
    func leave(_ membership: Membership) async {
        let (continuation, connection) = state.withLock { state in
            let continuation = state.members.removeValue(forKey: membership.id)
            guard state.members.isEmpty else { return (continuation, AMQPConnection?.none) }
            defer { state.connection = nil }
            return (continuation, state.connection)
        }
        continuation?.finish()
        await connection?.close()
    }

    /// The open connection; connects, and tries again with growing pauses of at most two seconds, until the deadline. They
    /// are scattered, so that processes do not return in step.
    ///
    /// - Throws: `.away` at the deadline or when the task is cancelled.
    func connection(until deadline: ContinuousClock.Instant? = nil) async throws(MessagingError) -> AMQPConnection {
        while true {
            if let connection = state.withLock({ $0.connection }) { return connection }
            if Task.isCancelled { throw MessagingError(.away, "cancelled while the broker was away") }
            if let deadline, deadline <= .now { throw awayError }
            await attempt(until: deadline)
            if let connection = state.withLock({ $0.connection }) { return connection }
            await pause(until: deadline)
        }
    }

    private var awayError: MessagingError {
        MessagingError(.away, state.withLock { $0.lastError?.message } ?? "the broker cannot be reached")
    }

    private func pause(until deadline: ContinuousClock.Instant?) async {
        let delay = state.withLock { $0.delay }
        let wake = ContinuousClock.now + delay * Double.random(in: 0.5...1)
        try? await Task.sleep(until: min(wake, deadline ?? wake), clock: .continuous)
    }

    /// One attempt for all who wait. Returns when it has ended, at the deadline, or when the task is cancelled.
    private func attempt(until deadline: ContinuousClock.Instant?) async {
        let ended = joinAttempt()
        await withTaskGroup { group in
            group.addTask { for await _ in ended {} }
            if let deadline { group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) } }
            await group.next()
            group.cancelAll()
        }
    }

    /// A stream that ends with the attempt under way; begins one where there is none.
    private func joinAttempt() -> AsyncStream<Void> {
        let (ended, waiter) = AsyncStream.makeStream(of: Void.self)
        let isFirst = state.withLock { state in
            state.waiters.append(waiter)
            defer { state.isConnecting = true }
            return !state.isConnecting
        }
        // Those in `waiters` await it, and nobody once they have lost patience: it is bounded by the time-outs of the
        // configuration, and closes a connection that is not wanted any more.
        if isFirst { Task { await connectOnce() } }
        return ended
    }

    private func endAttempt() {
        let waiters = state.withLock { state in
            state.isConnecting = false
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.finish() }
    }

    private func connectOnce() async {
        let life = Life()
        do throws(AMQPError) {
            let connection = try await AMQPConnection.connect(configuration) { [weak self] change in
                self?.note(change, life)
            }
            do throws(AMQPError) {
                try await Topology.ensure(on: connection)
            } catch {
                await connection.close()
                throw error
            }
            if !arrived(connection, life) { await connection.close() }
        } catch {
            failed(error)
        }
        endAttempt()
    }

    /// Answers whether anybody still wants it.
    private func arrived(_ connection: AMQPConnection, _ life: Life) -> Bool {
        let (isWanted, wasAway) = state.withLock { state in
            guard !state.members.isEmpty, !life.hasEnded else { return (false, false) }
            defer { state.saidAway = false }
            state.delay = Self.firstDelay
            state.lastError = nil
            state.wasThere = true
            state.connection = connection
            if state.availability == .away { state.availability = .connected }
            return (true, state.saidAway)
        }
        if wasAway { logger.notice("RabbitMQ is back") }
        return isWanted
    }

    private func failed(_ error: AMQPError) {
        state.withLock { state in
            state.delay = min(state.delay * 2, Self.longestDelay)
            state.lastError = error
        }
        sayAway(error)
    }

    private func sayAway(_ error: AMQPError) {
        let isNews = state.withLock { state in
            defer { state.saidAway = true }
            return !state.saidAway
        }
        guard isNews else { return }
        if error.isTransient {
            logger.warning("RabbitMQ is away", metadata: ["error": "\(error)"])
        } else {
            logger.error("RabbitMQ refuses us", metadata: ["error": "\(error)"])
        }
    }

    /// On the connection's thread.
    private func note(_ change: AMQPConnection.Change, _ life: Life) {
        switch change {
        case .blocked(let reason):
            state.withLock { $0.availability = .blocked }
            logger.warning("RabbitMQ has blocked publishers", metadata: ["reason": "\(reason)"])
        case .unblocked:
            state.withLock { $0.availability = .connected }
            logger.notice("RabbitMQ takes publishes again")
        case .ended(let error):
            let members = state.withLock { state in
                life.end()
                state.connection = nil
                state.availability = .away
                state.lastError = error ?? state.lastError
                return Array(state.members.values)
            }
            if let error { sayAway(error) }
            for member in members { member.yield() }
        }
    }
}

/// Whether a connection has ended already, as it may before anybody has seen it. Changed under the owner's lock.
private final class Life: Sendable {
    private let ended = Atomic(false)
    var hasEnded: Bool { ended.load(ordering: .acquiring) }
    func end() { ended.store(true, ordering: .releasing) }
}
