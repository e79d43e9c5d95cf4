import Contracts
import Logging
import Messaging
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Applies withdrawals that the edge recorded while the store was away.
public struct WithdrawalConsumer: Service {
    private let worker: Worker

    public init(worker: Worker) { self.worker = worker }

    public func run() async throws {
        let sink = worker.setAside
        let consumer = Consumer(
            on: worker.intake, queue: .withdrawals, maximumBatch: (bodies: 64, bytes: 64 * 1024), prefetch: 64,
            setAside: { try await sink.keep($0, reason: $1) }, logger: worker.logger,
            handler: { deliveries in
                var settlements: [Settlement] = []
                for delivery in deliveries { settlements.append(await apply(delivery)) }
                return settlements
            })
        try await consumer.run()
    }

    private func apply(_ delivery: Delivery) async -> Settlement {
        let clock = worker.clock
        do {
            let withdrawal = try RecordedWithdrawal(decoding: delivery.body)
            let outbox = try await worker.pool.withRepeatedTransaction { session in
                let domain = try DomainClock.reading(in: session)
                let applied = try Withdrawals.apply(withdrawal, now: domain.now, in: session)
                let rows = OutcomeEvents.rows([applied.event].compactMap { $0 })
                try Outbox.add(rows, clock: domain.mode, machineNow: clock.now, in: session)
                return rows
            }
            await worker.relay.publish(outbox)
            return .ack
        } catch  where isTransient(error) {
            return .retry(after: .milliseconds(500))
        } catch {
            return .setAside(reason: "\(error)")
        }
    }
}
