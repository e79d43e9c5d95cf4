import Contracts
import Logging
import Messaging
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Applies withdrawals that the edge recorded while the store was away, and notes the barriers between them.
///
/// Of all mailers one at a time is given bodies, in order; `WithdrawalGate` says what rests on that. Where this process
/// cannot reach the store it keeps what it holds for a few seconds, then gives it back and leaves the queue, so that another
/// mailer takes over; it returns when the store answers.
public struct WithdrawalConsumer: Service {
    private let worker: Worker

    /// How long the store may be away before the queue is left to others.
    static let patience = Duration.seconds(5)
    private static let pause = Duration.milliseconds(100)

    public init(worker: Worker) { self.worker = worker }

    public func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            try? await cancelWhenGracefulShutdown { try await storeAnswers() }
            if !Task.isShuttingDownGracefully, !Task.isCancelled { await consume() }
        }
    }

    private func consume() async {
        let sink = worker.setAside
        let consumer = OrderedConsumer(
            on: worker.intake, queue: .withdrawals, maximumBatch: (bodies: 64, bytes: 64 * 1024),
            setAside: { try await sink.keep($0, reason: $1) }, logger: worker.logger, handler: { await handle($0) })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await cancelWhenGracefulShutdown { await consumer.run() } }
            group.addTask { await storeIsGone() }
            await group.next()
            group.cancelAll()
        }
    }

    private var absence: Duration? {
        guard case .away(let since, _) = worker.pool.state else { return nil }
        return ContinuousClock.now - since
    }

    private func storeAnswers() async throws {
        while absence != nil { try await Task.sleep(for: Self.pause) }
    }

    private func storeIsGone() async {
        while absence.map({ $0 < Self.patience }) ?? true {
            do { try await Task.sleep(for: Self.pause) } catch { return }
        }
        worker.logger.notice("recorded withdrawals are left to other mailers until the store is back")
    }

    /// All in one transaction where that can be, else one by one.
    private func handle(_ deliveries: [Delivery]) async -> [Settlement] {
        let bodies = deliveries.map(Body.init)
        do {
            try await apply(bodies)
            return bodies.map { $0.unreadable.map { .setAside(reason: $0) } ?? .ack }
        } catch  where worker.isTransient(error) {
            return bodies.map { _ in .retry(after: .milliseconds(500)) }
        } catch {
            return await handleOneByOne(bodies)
        }
    }

    /// In order: nothing is done that stands behind something that is not.
    private func handleOneByOne(_ bodies: [Body]) async -> [Settlement] {
        var settlements: [Settlement] = []
        for body in bodies {
            do {
                try await apply([body])
                settlements.append(body.unreadable.map { .setAside(reason: $0) } ?? .ack)
            } catch  where worker.isTransient(error) {
                break
            } catch {
                settlements.append(.setAside(reason: "\(error)"))
            }
        }
        let rest = repeatElement(Settlement.retry(after: .milliseconds(500)), count: bodies.count - settlements.count)
        return settlements + rest
    }

    private func apply(_ bodies: [Body]) async throws {
        let clock = worker.clock
        let withdrawals = bodies.compactMap(\.withdrawal)
        let outbox = try await worker.pool.withRepeatedTransaction { session in
            let domain = try DomainClock.reading(in: session)
            let applied = try Withdrawals.apply(withdrawals, now: domain.now, in: session)
            try Barriers.pass(bodies.compactMap(\.barrier), machineNow: clock.now, in: session)
            let rows = OutcomeEvents.rows(applied.compactMap(\.event))
            try Outbox.add(rows, clock: domain.mode, machineNow: clock.now, in: session)
            return rows
        }
        await worker.relay.publish(outbox)
    }
}

/// What a body of the queue says.
private struct Body: Sendable {
    var withdrawal: RecordedWithdrawal?
    var barrier: UniqueID?
    /// Why it cannot be read, where it cannot.
    var unreadable: String?

    init(_ delivery: Delivery) {
        do {
            let barrier = try WithdrawalBarrier(decoding: delivery.body)
            // One that comes again says nothing for certain: its mailer sends another.
            self.barrier = delivery.attempts == 0 ? barrier.id : nil
        } catch .notAContract {
            do { withdrawal = try RecordedWithdrawal(decoding: delivery.body) } catch { unreadable = "\(error)" }
        } catch {
            unreadable = "\(error)"
        }
    }
}
