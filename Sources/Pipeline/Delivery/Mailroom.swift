import Contracts
import CrashPoints
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
/// message is `handed`; a mailer that dies there leaves it `unknown`: twice as many as it has connections at the most, however
/// slowly the store records what came of them. Up to the fence it can go back to planned, and does
/// when the relay goes away or the task is cancelled; from there on it is finished, whatever happens.
struct Mailroom: Sendable {
    private let worker: Worker
    private let settings: DeliverySettings
    private let relay: SMTPPool
    private let watch: RelayWatch
    private let store: GuardedStore
    private let composer: Composer
    private let marks: ClaimMarks
    private let fence: Coalescer<Claims.Claimed, ContinuousClock.Instant?>
    private let outcomes: Coalescer<Report, Void>
    /// Those past the fence whose outcome is not recorded: one each at its final dot, one each on its way to the store.
    let handed: Slots

    /// What came of one attempt.
    struct Report: Sendable {
        var claimed: Claims.Claimed
        var outcome: Claims.Outcome
        var reply: String?
    }

    init(worker: Worker, settings: DeliverySettings, relay: SMTPPool, watch: RelayWatch, store: GuardedStore) {
        self.worker = worker
        self.settings = settings
        self.relay = relay
        self.watch = watch
        self.store = store
        marks = ClaimMarks(worker: worker, lineage: store.lineage)
        composer = Composer(publicURL: settings.publicURL, links: settings.links)
        handed = Slots(2 * settings.relay.maxConnections)
        fence = Coalescer(limit: 200) { requests in
            let start = ContinuousClock.now
            let handed = try await store.transaction { session in
                try Lineages.check(in: session)
                return try Claims.hand(requests, now: try DomainClock.read(in: session), in: session)
            }
            return requests.map { handed.contains($0.message.id) ? start : nil }
        }
        outcomes = Coalescer(limit: 200) { reports in
            try await Self.record(reports, worker, store)
            return reports.map { _ in () }
        }
    }

    /// Sends the messages of a claim, and ends the claim when all are settled.
    func send(_ batch: ClaimDesk.Batch) async {
        guard !batch.messages.isEmpty else {
            await worker.relay.publish(batch.outbox)
            return
        }
        async let covering: Void = marks.cover()
        await worker.relay.publish(batch.outbox)
        await covering
        // No child: the claim is renewed also while a cancelled task finishes what is past the fence. Awaited below.
        let renewal = Task { await renew(batch.claim) }
        await dispatch(batch.messages)
        renewal.cancel()
        await renewal.value
        do {
            try await uninterrupted {
                try await store.statement { session in
                    try Claims.close(batch.claim, in: session)
                    try Trials.forget(batch.tried.map { Pages.Work.messages.item($0) }, in: session)
                }
            }
        } catch {
            worker.logger.debug("an ended claim is left to expire", metadata: ["reason": "\(error)"])
        }
    }

    private func dispatch(_ messages: [ClaimDesk.Cleared]) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { letters in
                    for message in messages { letters.addTask { await deliver(message) } }
                }
            }
            group.addTask { await watch.untilPaused() }
            await group.next()
            // Where the relay has gone: what is not past the fence goes back, and need not try one by one.
            group.cancelAll()
        }
    }

    /// Prolongs the claim well before it runs out, and as soon as may be after an outage: nobody releases it before that.
    private func renew(_ claim: UniqueID) async {
        var pause = settings.lease / 3
        while !Task.isCancelled {
            do { try await Task.sleep(for: pause) } catch { return }
            let expiresAt = worker.clock.now + settings.lease.span
            do {
                _ = try await store.statement { try Claims.renew(claim, until: expiresAt, in: $0) }
                pause = settings.lease / 3
            } catch {
                pause = min(.milliseconds(500), settings.lease / 3)
            }
        }
    }

    private func deliver(_ cleared: ClaimDesk.Cleared) async {
        let start = ContinuousClock.now
        switch await prepare(cleared, begun: start) {
        case .failure(let returned): await settle(returned.report)
        case .success(let prepared):
            await handed.enter()
            await settle(await handOver(prepared, cleared.claimed, begun: start))
            await handed.leave()
        }
    }

    private func settle(_ report: Report) async {
        Counter(label: "loods_delivery_attempts_total", dimensions: [("outcome", report.outcome.word)]).increment()
        // What happened must be recorded, however long the store is away; the claim's lease bounds who believes it.
        while true {
            do { return try await outcomes.submit(report) } catch  where isTransient(error) && !isClosedPool(error) {
                try? await uninterrupted { try await Task.sleep(for: .milliseconds(200)) }
            } catch {
                worker.logger.error("an outcome could not be recorded", metadata: ["reason": "\(error)"])
                return
            }
        }
    }

    /// Requests of a coalescer are never cancelled, so what is left is that nothing can be recorded any more.
    private func isClosedPool(_ error: any Error) -> Bool { (error as? PostgresError)?.code == .cancelled }

    /// What never came to the fence.
    private struct Unprepared: Error { var report: Report }

    private func prepare(
        _ cleared: ClaimDesk.Cleared, begun start: ContinuousClock.Instant
    ) async -> Result<PreparedDelivery, Unprepared> {
        let claimed = cleared.claimed
        guard !Task.isCancelled else { return .failure(Unprepared(report: giveBack(claimed))) }
        do {
            CrashItem.mail.handle(CollectionOfOne(claimed.message.template))
            let letter = try composer.compose(cleared)
            let prepared = try await relay.prepare(try SMTPEnvelope(from: letter.from, to: letter.to), letter.data)
            await watch.noteAnswer()
            CrashPoint.mailerPrepared.pass()
            return .success(prepared)
        } catch let error as SMTPError {
            return .failure(Unprepared(report: await report(error, of: claimed, begun: start)))
        } catch {
            worker.logger.error(
                "a message cannot be composed",
                metadata: ["template": "\(claimed.message.template)", "reason": "\(error)"])
            return .failure(
                Unprepared(report: Report(claimed: claimed, outcome: .refused, reply: "not composed: \(error)")))
        }
    }

    private func handOver(
        _ prepared: PreparedDelivery, _ claimed: Claims.Claimed, begun start: ContinuousClock.Instant
    ) async -> Report {
        guard let passed = await passFence(claimed) else {
            await prepared.abandon()
            return giveBack(claimed)
        }
        CrashPoint.mailerAfterHanded.pass()
        // A withdrawal waits two seconds for what has passed the fence before it, and others take what is handed for
        // unknown after a lease: a process that stood still for so long must not go on as if nothing had been.
        let patience = claimed.message.topic == nil ? settings.lease : Self.handOverPatience
        let outcome = await prepared.commit(before: passed + patience) { CrashPoint.mailerAfterDot.pass() }
        CrashPoint.mailerAfterReply.pass()
        switch outcome {
        case .accepted(let reply): return Report(claimed: claimed, outcome: .accepted, reply: reply.line)
        case .deferred(let error), .refused(let error): return await report(error, of: claimed, begun: start)
        case .unknown(let error): return Report(claimed: claimed, outcome: .unknown, reply: "\(error)")
        }
    }

    /// How long after the fence the final dot of a message with a topic may be sent.
    private static let handOverPatience = Duration.milliseconds(1_500)

    /// Passes the fence: the message counts as handed from then on.
    ///
    /// - Returns: no later than when it did; nil where it may not go.
    private func passFence(_ claimed: Claims.Claimed) async -> ContinuousClock.Instant? {
        if Task.isCancelled { return nil }
        guard await store.lineage.isAccepted else { return nil }
        guard claimed.message.topic != nil else { return (try? await fence.submit(claimed)) ?? nil }
        // Where it was claimed before an outage, or the store stalled at the fence, its topic may have been withdrawn.
        let closings = await store.gate.closings
        guard await store.gate.isOpen, let passed = (try? await fence.submit(claimed)) ?? nil else { return nil }
        return await store.gate.closings == closings ? passed : nil
    }

    /// Planned again, for whoever can send it now.
    private func giveBack(_ claimed: Claims.Claimed) -> Report {
        Report(claimed: claimed, outcome: .returned(retryAt: worker.clock.now), reply: nil)
    }

    private func report(
        _ error: SMTPError, of claimed: Claims.Claimed, begun start: ContinuousClock.Instant
    ) async -> Report {
        if error.code == .cancelled || error.code == .shutDown { return giveBack(claimed) }
        guard error.concernsMessage else {
            await watch.noteFailure("\(error)", begun: start)
            // A second from now, so that a message that costs every connection does not spin.
            return Report(
                claimed: claimed, outcome: .returned(retryAt: worker.clock.now + .seconds(1)), reply: error.reply?.line)
        }
        if error.reply != nil { await watch.noteAnswer() }
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

    private static func record(_ reports: [Report], _ worker: Worker, _ store: GuardedStore) async throws {
        let clock = worker.clock
        let outbox = try await store.transaction { session in
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
