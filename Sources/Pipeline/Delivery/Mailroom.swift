import Contracts
import Logging
import Metrics
import Model
import Postgres
import SMTP
import Store
import Transit

/// Sends claimed messages: composes, hands over under the fence, and records what came of it.
///
/// `claim → prepare (all but the final dot) → hand (fenced) → final dot → outcome`. Between the fence and the outcome a
/// message is `handed`; a mailer that dies there leaves it `unknown`.
struct Mailroom: Sendable {
    private let worker: Worker
    private let settings: DeliverySettings
    private let relay: SMTPPool
    private let composer: Composer
    private let fence: Coalescer<Claims.Claimed, Bool>
    private let outcomes: Coalescer<Report, Void>

    /// What came of one attempt.
    struct Report: Sendable {
        var claimed: Claims.Claimed
        var outcome: Claims.Outcome
        var reply: String?
    }

    init(worker: Worker, settings: DeliverySettings, relay: SMTPPool) {
        self.worker = worker
        self.settings = settings
        self.relay = relay
        composer = Composer(publicURL: settings.publicURL, links: settings.links)
        fence = Coalescer(limit: 200) { requests in
            let handed = try await worker.pool.withRepeatedTransaction { session in
                try Claims.hand(requests, now: try DomainClock.read(in: session), in: session)
            }
            return requests.map { handed.contains($0.message.id) }
        }
        outcomes = Coalescer(limit: 200) { reports in
            try await Self.record(reports, worker)
            return reports.map { _ in () }
        }
    }

    /// Sends the messages of a claim, and ends the claim when all are settled.
    func send(_ batch: ClaimDesk.Batch) async {
        await worker.relay.publish(batch.outbox)
        guard !batch.messages.isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await renew(batch.claim) }
            await withDiscardingTaskGroup { letters in
                for message in batch.messages { letters.addTask { await deliver(message) } }
            }
            group.cancelAll()
        }
        do {
            try await worker.pool.withConnection { try Claims.close(batch.claim, in: $0) }
        } catch {
            worker.logger.debug("an ended claim is left to expire", metadata: ["reason": "\(error)"])
        }
    }

    private func renew(_ claim: UniqueID) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: settings.lease / 3) } catch { return }
            let expiresAt = worker.clock.now + settings.lease.span
            _ = try? await worker.pool.withConnection { try Claims.renew(claim, until: expiresAt, in: $0) }
        }
    }

    private func deliver(_ cleared: ClaimDesk.Cleared) async {
        let report = await attempt(cleared)
        Counter(label: "loods_delivery_attempts_total", dimensions: [("outcome", report.outcome.word)]).increment()
        // What happened must be recorded, however long the store is away; the claim's lease bounds who believes it.
        while true {
            do { return try await outcomes.submit(report) } catch  where isTransient(error) {
                try? await Task.sleep(for: .milliseconds(200))
                if Task.isCancelled { return }
            } catch {
                worker.logger.error("an outcome could not be recorded", metadata: ["reason": "\(error)"])
                return
            }
        }
    }

    private func attempt(_ cleared: ClaimDesk.Cleared) async -> Report {
        let claimed = cleared.claimed
        let prepared: PreparedDelivery
        do {
            let letter = try composer.compose(cleared)
            prepared = try await relay.prepare(try SMTPEnvelope(from: letter.from, to: letter.to), letter.data)
        } catch let error as SMTPError {
            return report(error, of: claimed)
        } catch {
            worker.logger.error(
                "a message cannot be composed",
                metadata: ["template": "\(claimed.message.template)", "reason": "\(error)"])
            return Report(claimed: claimed, outcome: .refused, reply: "not composed: \(error)")
        }
        do {
            guard try await fence.submit(claimed) else {
                await prepared.abandon()
                return Report(claimed: claimed, outcome: .returned(retryAt: worker.clock.now), reply: nil)
            }
        } catch {
            await prepared.abandon()
            return Report(claimed: claimed, outcome: .returned(retryAt: worker.clock.now + .seconds(1)), reply: nil)
        }
        switch await prepared.commit() {
        case .accepted(let reply): return Report(claimed: claimed, outcome: .accepted, reply: reply.line)
        case .deferred(let error), .refused(let error): return report(error, of: claimed)
        case .unknown(let error): return Report(claimed: claimed, outcome: .unknown, reply: "\(error)")
        }
    }

    private func report(_ error: SMTPError, of claimed: Claims.Claimed) -> Report {
        guard error.concernsMessage else {
            worker.logger.warning("the mail relay is away", metadata: ["reason": "\(error)"])
            return Report(
                claimed: claimed, outcome: .returned(retryAt: worker.clock.now + .seconds(5)), reply: error.reply?.line)
        }
        guard error.isTransient, let retryAt = nextTry(after: claimed.deferrals) else {
            return Report(claimed: claimed, outcome: .refused, reply: error.reply?.line ?? "\(error)")
        }
        return Report(claimed: claimed, outcome: .deferred(retryAt: retryAt), reply: error.reply?.line)
    }

    /// Doubles from the first wait up to four hours, with a fifth of jitter; nil after 24 deferrals, some four days.
    private func nextTry(after deferrals: Int32) -> Timestamp? {
        guard deferrals < 24 else { return nil }
        let wait = min(settings.firstRetry.span.microseconds << min(deferrals, 20), Span.hours(4).microseconds)
        return worker.clock.now + Span(microseconds: Int64(Double(wait) * .random(in: 0.8...1.2)))
    }

    private static func record(_ reports: [Report], _ worker: Worker) async throws {
        let clock = worker.clock
        let outbox = try await worker.pool.withRepeatedTransaction { session in
            let domain = try DomainClock.reading(in: session)
            let settled = try Claims.settle(
                reports.map { ($0.claimed, $0.outcome, $0.reply) }, now: domain.now, in: session)
            let events = reports.compactMap { report in
                settled.contains(report.claimed.message.id)
                    ? report.outcome.eventName.map {
                        OutcomeEvents.event(report.claimed.message, $0, now: domain.now, detail: report.reply)
                    } : nil
            }
            let rows = OutcomeEvents.rows(events)
            try Outbox.add(rows, clock: domain.mode, machineNow: clock.now, in: session)
            return rows
        }
        await worker.relay.publish(outbox)
    }
}

extension Claims.Outcome {
    fileprivate var word: String {
        switch self {
        case .accepted: "accepted"
        case .refused: "refused"
        case .unknown: "unknown"
        case .deferred: "deferred"
        case .returned: "returned"
        }
    }

    fileprivate var eventName: String? {
        switch self {
        case .accepted: EventNames.emailSent
        case .refused: EventNames.emailRefused
        case .unknown: EventNames.emailUnknown
        case .deferred, .returned: nil
        }
    }
}

extension SMTPReply {
    fileprivate var line: String { "\(code) \(loggableText)" }
}
