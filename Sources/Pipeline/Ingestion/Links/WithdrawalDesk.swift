import Contracts
import CrashPoints
import Links
public import Logging
public import Messaging
import Model
public import Postgres
public import Store
public import Transit

/// Applies a withdrawal of consent, or records it durably while the store is away.
public struct WithdrawalDesk: Sendable {
    /// What the person is told.
    enum Outcome: String, Sendable {
        /// No hand-over of the topic begins from now on.
        case applied
        /// It is safe with the broker and will be applied before new marketing claims.
        case recorded
    }

    /// How long the answer waits for mails at their final dot.
    private static let handOverPatience = Duration.seconds(2)
    private static let pause = Duration.milliseconds(50)

    /// What is not applied by then is recorded.
    var patience = Duration.seconds(3)

    private let pool: PostgresPool
    private let publisher: Publisher
    private let relay: OutboxRelay
    private let mode: DomainClock.Mode
    private let clock: MachineClock
    private let logger: Logger

    public init(
        pool: PostgresPool, publisher: Publisher, relay: OutboxRelay, mode: DomainClock.Mode, clock: MachineClock,
        logger: Logger
    ) {
        self.pool = pool
        self.publisher = publisher
        self.relay = relay
        self.mode = mode
        self.clock = clock
        self.logger = logger
    }

    /// Withdraws consent to `topic` for the address that the message went to. Doing it again changes nothing.
    ///
    /// Applied or not within three seconds, whatever the store does: a server that hangs, a lock that is held. Recorded where
    /// it is not, or not known to be: applying it twice is harmless.
    ///
    /// - Throws: `MessagingError` where it could be neither applied nor recorded.
    func withdraw(_ origin: LinkOrigin, topic: String, means: String) async throws -> Outcome {
        let withdrawal = RecordedWithdrawal(
            contact: origin.contact, message: origin.message, topic: topic, answeredAt: clock.now, means: means)
        do {
            let contact = try await apply(withdrawal)
            await waitForHandOvers(contact, topic: topic)
            return .applied
        } catch {
            logger.warning("a withdrawal is recorded for later", metadata: ["reason": "\(error)"])
            try await publisher.publish(withdrawal.encoded, to: .withdrawals, lane: .live)
            return .recorded
        }
    }

    /// Withdraws consent to `topic` on one channel besides e-mail; throws where the store is away.
    func withdraw(_ origin: LinkOrigin, topic: String, on channel: String, means: String) async throws {
        let withdrawal = RecordedWithdrawal(
            contact: origin.contact, message: origin.message, topic: topic, answeredAt: clock.now, means: means)
        _ = try await write { session, now in
            let event = try Withdrawals.withdraw(withdrawal, on: channel, now: now, in: session)
            return ((), event)
        }
    }

    private func apply(_ withdrawal: RecordedWithdrawal) async throws -> ContactKey {
        try await write { session, now in
            let applied = try Withdrawals.apply(withdrawal, now: now, in: session)
            return (applied.contact, applied.event)
        }
    }

    /// Has `body` write, and what it gives told to the rest of the cluster.
    private func write<Result: Sendable>(
        _ body: @escaping @Sendable (PostgresSession, Timestamp) throws -> (Result, AcceptedEvent?)
    ) async throws -> Result {
        let (mode, machineNow) = (mode, clock.now)
        let (result, rows) = try await pool.withRepeatedTransaction(within: patience) { session in
            let (result, event) = try body(session, try DomainClock.read(in: session))
            let rows = event.map { [Self.row($0)] } ?? []
            try Outbox.add(rows, clock: mode, machineNow: machineNow, in: session)
            CrashPoint.withdrawalBeforeCommit.pass()
            return (result, rows)
        }
        CrashPoint.withdrawalAfterCommit.pass()
        // Awaited by nobody, since the person does not wait for the rest of the cluster: what it leaves is the sweeper's.
        let relay = relay
        Task { await relay.publish(rows) }
        return result
    }

    private static func row(_ event: AcceptedEvent) -> Outbox.Row {
        let batch = EventBatch(id: .random(), events: [event])
        return Outbox.Row(
            id: batch.id, queue: QueueName.events.rawValue, lane: Lane.live.rawValue, body: batch.encoded)
    }

    /// Mails at their final dot cannot be called back; the answer waits for them, but not for ever.
    private func waitForHandOvers(_ contact: ContactKey, topic: String) async {
        let deadline = ContinuousClock.now + Self.handOverPatience
        while ContinuousClock.now < deadline {
            let remaining = try? await pool.withConnection(within: deadline - .now) {
                try Withdrawals.handedRemaining(contact, topic: topic, in: $0)
            }
            guard let remaining, remaining > 0 else { return }
            do { try await Task.sleep(for: min(Self.pause, deadline - .now)) } catch { return }
        }
    }
}
