import Bounces
import Contracts
import CrashPoints
import Logging
import Messaging
import Metrics
import Model
import Postgres
import SendGate
public import ServiceLifecycle
import Store
public import Transit
import Workspaces

/// Applies what came back of mails: takes it from the queue `returns`, where the edge and the command line put it.
///
/// A service of the mailer; any number of processes may run it side by side. What comes twice changes nothing.
public struct ReturnsConsumer: Service {
    private let worker: Worker
    private let returns: ReturnWatch

    public init(worker: Worker) {
        self.worker = worker
        returns = ReturnWatch(worker: worker)
    }

    public func run() async throws {
        let sink = worker.setAside
        let consumer = Consumer(
            on: worker.intake, queue: .returns, maximumBatch: (bodies: 64, bytes: 256 * 1024), prefetch: 64,
            setAside: { try await sink.keep($0, reason: $1) }, logger: worker.logger, handler: { await handle($0) })
        try await consumer.run()
    }

    /// All at once where that can be; what cannot be applied is set aside, and the others are.
    func handle(_ deliveries: [Delivery]) async -> [Settlement] {
        var settlements = [Settlement](repeating: .ack, count: deliveries.count)
        var readable: [Item] = []
        for (index, delivery) in deliveries.enumerated() {
            do { readable.append(Item(index: index, mail: try ReturnedMail(decoding: delivery.body))) } catch {
                settlements[index] = .setAside(reason: "\(error)")
            }
        }
        do {
            let poison = try await worker.bisect(readable[...]) { try await apply($0.map(\.mail)) }
            for (item, fault) in poison { settlements[item.index] = .setAside(reason: "\(fault)") }
        } catch {
            worker.note(error, "what came back of mails waits for the store")
            for item in readable where settlements[item.index] == .ack {
                settlements[item.index] = .retry(after: .milliseconds(500))
            }
        }
        return settlements
    }

    private struct Item: Sendable {
        var index: Int
        var mail: ReturnedMail
    }

    private func apply(_ mails: [ReturnedMail]) async throws {
        let unsubscribing = mails.filter { $0.kind == .unsubscribe }
        if !unsubscribing.isEmpty { try await withdraw(unsubscribing) }
        let others = mails.filter { $0.kind != .unsubscribe }
        if !others.isEmpty { try await record(others) }
        for mail in mails {
            Counter(
                label: "loods_returned_mails_total", dimensions: [("kind", mail.kind.word), ("by", mail.means)]
            ).increment()
        }
    }

    /// As the link in the mail does.
    private func withdraw(_ mails: [ReturnedMail]) async throws {
        let clock = worker.clock
        let outbox = try await worker.pool.withRepeatedTransaction { session in
            let domain = try DomainClock.reading(in: session)
            let found = try ReturnedMails.find(mails.map(\.mark), in: session)
            let withdrawals = mails.compactMap { mail -> RecordedWithdrawal? in
                guard let message = found[mail.mark]?.message, let topic = message.topic else { return nil }
                return RecordedWithdrawal(
                    contact: message.contact, message: message.id, topic: topic, answeredAt: mail.receivedAt,
                    means: "mail")
            }
            let applied = try Withdrawals.apply(withdrawals, now: domain.now, in: session)
            let rows = OutcomeEvents.rows(applied.compactMap(\.event))
            try Outbox.add(rows, clock: domain.mode, machineNow: clock.now, in: session)
            return rows
        }
        await worker.relay.publish(outbox)
    }

    private func record(_ mails: [ReturnedMail]) async throws {
        let (clock, definitions) = (worker.clock, worker.definitions)
        let (outbox, news, failures) = try await worker.pool.withRepeatedTransaction { session in
            let domain = try DomainClock.reading(in: session)
            let found = Returns(mails, try ReturnedMails.find(mails.map(\.mark), in: session))
            let reached = try FailedAddresses.lock(found.faults, in: session)
            let news = try ReturnedMails.record(found.failed, now: domain.now, in: session)
            let suppressed = try FailedAddresses.judge(
                found.faults, of: reached, marking: Reasons.suppressed.rawValue, now: domain.now, in: session)
            let complained = try Withdrawals.enter(complaints: suppressed, now: domain.now, in: session)
            try WarmUpComplaints.note(
                found.failed.filter { news.contains($0.mail.message.id) }, definitions, in: session)
            let pauses = try found.pauses(among: news, definitions, at: domain.now, in: session)
            let paused = try SenderPauses.begin(pauses, in: session)
            let rows = OutcomeEvents.rows(
                found.events(among: news, now: domain.now)
                    + suppressed.flatMap { OutcomeEvents.events($0, now: domain.now) } + complained)
            try Outbox.add(rows, clock: domain.mode, machineNow: clock.now, in: session)
            CrashPoint.returnBeforeCommit.pass()
            let failures = found.failed.filter { news.contains($0.mail.message.id) }
            return (rows, FailureNews(suppressed, pauses.filter { paused.contains($0.sender) }), failures)
        }
        news.tell(worker.logger)
        for failure in failures { FailureNews.count(failure.failure, by: "report") }
        await worker.relay.publish(outbox)
        returns.look(at: failures.lazy.map(\.mail.message))
    }
}
