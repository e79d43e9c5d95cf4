import Contracts
import CrashPoints
import Logging
import Metrics
import Model
import Pacing
import Postgres
import SendGate
import Store
import Synchronization
import Transit

/// Sends claimed messages by a carrier: prepares them, hands them over under the fence, and records what came of it.
///
/// `claim → prepare (of a mail all but the final dot) → hand (fenced) → final dot → outcome`. Between the fence and the outcome
/// a message is `handed`; a mailer that dies there leaves a mail `unknown`: as many as its carrier may have handed at the most,
/// however slowly the store records what came of them. Up to the fence it can go back to planned, and does
/// when the relay goes away or the task is cancelled; from there on it is finished, whatever happens.
struct Mailroom: Sendable {
    private let worker: Worker
    private let settings: DeliverySettings
    private let carrier: any Carrier
    private let store: GuardedStore
    private let marks: ClaimMarks
    private let fence: Coalescer<Claims.Claimed, Passage?>
    private let outcomes: Coalescer<Report, Void>
    private let returns: ReturnWatch
    /// Those past the fence whose outcome is not recorded.
    let handed: Slots
    private let unanswered = Count()

    init(worker: Worker, settings: DeliverySettings, carrier: any Carrier, store: GuardedStore) {
        self.worker = worker
        self.settings = settings
        self.carrier = carrier
        self.store = store
        marks = ClaimMarks(worker: worker, lineage: store.lineage)
        handed = Slots(carrier.mostHanded)
        fence = Coalescer(limit: 200, expectsMore: { carrier.preparingCount > 0 }) { requests in
            let begun = ContinuousClock.now
            let (handed, passed) = try await store.transaction { session in
                try Lineages.check(in: session)
                let handed = try Claims.hand(requests, now: try DomainClock.read(in: session), in: session)
                return (handed, ContinuousClock.now)
            }
            return requests.map { handed.contains($0.message.id) ? Passage(begun: begun, passed: passed) : nil }
        }
        returns = ReturnWatch(worker: worker)
        let pace = PaceLedger(worker: worker)
        outcomes = Coalescer(limit: 200, expectsMore: { [unanswered] in unanswered.value > 0 }) { reports in
            try await Self.record(reports, pace, worker, store)
            return reports.map { _ in () }
        }
    }

    /// Sends the messages of a claim, and ends the claim when all are settled.
    ///
    /// - Parameter stalled: called once nothing is under way any more but mails to sites that stall.
    func send(_ batch: ClaimDesk.Batch, stalled: @escaping @Sendable () async -> Void = {}) async {
        guard !batch.messages.isEmpty else {
            await worker.relay.publish(batch.outbox)
            if batch.isOpen { await close(batch) }
            return
        }
        let progress = BatchProgress(batch)
        async let covering: Void = marks.cover()
        await worker.relay.publish(batch.outbox)
        await covering
        // No child: the claim is renewed also while a cancelled task finishes what is past the fence. Awaited below.
        let renewal = Task { await renew(batch.claim) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await watch(progress, batch.claim, stalled) }
            await dispatch(batch.messages, progress)
            group.cancelAll()
        }
        renewal.cancel()
        await renewal.value
        await close(batch)
    }

    /// Gives back what a batch has of limits and has no mails for any more, while others of it are under way.
    private func watch(
        _ progress: BatchProgress, _ claim: UniqueID, _ stalled: @Sendable () async -> Void
    ) async {
        var isTold = false
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let done = progress.takeDone()
            if !done.isEmpty {
                // What cannot be given back now goes with the claim.
                try? await store.statement { try SendSessions.give(back: done, of: claim, in: $0) }
            }
            carrier.lookAtSites()
            guard !isTold, progress.isLeft(to: carrier.stalledSites) else { continue }
            isTold = true
            await stalled()
        }
    }

    private func close(_ batch: ClaimDesk.Batch) async {
        do {
            try await uninterrupted {
                try await store.statement { session in
                    try Claims.close(batch.claim, in: session)
                    try Trials.forget(batch.tried.map { batch.kind.work.item($0) }, in: session)
                }
            }
        } catch {
            worker.logger.debug("an ended claim is left to expire", metadata: ["reason": "\(error)"])
        }
    }

    private func dispatch(_ messages: [ClaimDesk.Cleared], _ progress: BatchProgress) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { letters in
                    for message in messages {
                        letters.addTask { await progress.admit(message) { await deliver(message) } }
                    }
                }
            }
            group.addTask { await carrier.untilPaused() }
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
        guard !Task.isCancelled else { return await settle(giveBack(cleared.claimed)) }
        switch await carrier.prepare(cleared, begun: start) {
        case .settled(let report): await settle(report.paced(cleared))
        case .ready(let handover):
            await handed.enter()
            await settle(await handOver(handover, cleared.claimed).paced(cleared))
            await handed.leave()
        }
    }

    private func settle(_ report: Report) async {
        Counter(label: carrier.attempts, dimensions: [("outcome", report.outcome.word)]).increment()
        // What happened must be recorded, however long the store is away; the claim's lease bounds who believes it.
        while true {
            do {
                try await outcomes.submit(report)
                if report.fault != nil { returns.look(at: CollectionOfOne(report.claimed.message)) }
                return
            } catch  where isTransient(error) && !isClosedPool(error) {
                try? await uninterrupted { try await Task.sleep(for: .milliseconds(200)) }
            } catch {
                worker.logger.error("an outcome could not be recorded", metadata: ["reason": "\(error)"])
                return
            }
        }
    }

    /// Requests of a coalescer are never cancelled, so what is left is that nothing can be recorded any more.
    private func isClosedPool(_ error: any Error) -> Bool { (error as? PostgresError)?.code == .cancelled }

    private func handOver(_ handover: any Handover, _ claimed: Claims.Claimed) async -> Report {
        guard let passage = await passFence(claimed) else {
            await handover.abandon()
            return giveBack(claimed)
        }
        CrashPoint.mailerAfterHanded.pass()
        unanswered.add(1)
        defer { unanswered.add(-1) }
        return await handover.commit(before: end(of: passage, isMarketing: claimed.message.topic != nil))
    }

    /// When the final dot may not be sent any more. A withdrawal waits two seconds for what has passed the fence before it, and
    /// others take what is handed for unknown a lease after the claim was prolonged last, which it is in every third of one: a
    /// process that stood still for so long must not go on as if nothing had been. What took as long at the fence itself counts
    /// as late too: an edge that waited for the store meanwhile may have recorded a withdrawal.
    private func end(of passage: Passage, isMarketing: Bool) -> ContinuousClock.Instant {
        let leased = passage.begun + settings.lease / 2
        guard isMarketing else { return leased }
        let patience = store.patience.handing
        let isSlow = passage.passed - passage.begun > patience
        return min(leased, isSlow ? passage.begun : passage.passed + patience)
    }

    /// Passes the fence: the message counts as handed from then on.
    ///
    /// - Returns: nil where it may not go.
    private func passFence(_ claimed: Claims.Claimed) async -> Passage? {
        if Task.isCancelled { return nil }
        guard await store.lineage.isAccepted else { return nil }
        guard claimed.message.topic != nil else { return (try? await fence.submit(claimed)) ?? nil }
        // Where it was claimed before an outage, or the store stalled at the fence, its topic may have been withdrawn.
        let closings = await store.gate.closings
        guard await store.gate.isOpen, let passage = (try? await fence.submit(claimed)) ?? nil else { return nil }
        return await store.gate.closings == closings ? passage : nil
    }

    private func giveBack(_ claimed: Claims.Claimed) -> Report { .giveBack(claimed, at: worker.clock.now) }

    private static func record(
        _ reports: [Report], _ pace: PaceLedger, _ worker: Worker, _ store: GuardedStore
    ) async throws {
        let clock = worker.clock
        pace.count(reports)
        let (outbox, news, slowed, settled) = try await store.transaction { session in
            let domain = try DomainClock.reading(in: session)
            let faults = reports.compactMap(\.fault)
            let reached = try FailedAddresses.lock(faults, in: session)
            let settled = try settle(reports, now: domain.now, in: session)
            let suppressed = try FailedAddresses.judge(
                faults.filter { settled.contains($0.message) }, of: reached, marking: Reasons.suppressed.rawValue,
                now: domain.now, in: session)
            let reports = reports.filter { settled.contains($0.claimed.message.id) }
            let pauses = reports.compactMap { $0.pause(at: domain.now) }
            let paused = try SenderPauses.begin(pauses, in: session)
            let slowed = try pace.record(reports, now: domain.now, in: session)
            let events = reports.compactMap { report in
                OutcomeEvents.event(
                    report.claimed.message, report.outcome.state, now: domain.now, detail: report.detail,
                    failure: report.failure)
            }
            let rows = OutcomeEvents.rows(events + suppressed.flatMap { OutcomeEvents.events($0, now: domain.now) })
            try Outbox.add(rows, clock: domain.mode, machineNow: clock.now, in: session)
            return (rows, FailureNews(suppressed, pauses.filter { paused.contains($0.sender) }), slowed, settled)
        }
        news.tell(worker.logger)
        pace.tell(reports, slowed)
        for report in reports where settled.contains(report.claimed.message.id) {
            report.failure.map { FailureNews.count($0, by: "reply") }
            report.countDoubt()
        }
        await worker.relay.publish(outbox)
    }

    private static func settle(
        _ reports: [Report], now: Timestamp, in session: PostgresSession
    ) throws -> Set<UniqueID> {
        let answers = reports.compactMap { report in report.answer.map { (report.claimed.message.id, $0) } }
        let failures = reports.compactMap { report in report.failure.map { (report.claimed.message.id, $0) } }
        return try Claims.settle(
            reports.map { ($0.claimed, $0.outcome, $0.reply) }, answers: Dictionary(answers) { first, _ in first },
            failures: Dictionary(failures) { first, _ in first }, now: now, in: session)
    }
}

/// When a message went through the fence.
private struct Passage: Sendable {
    /// Before its claim was looked at.
    var begun: ContinuousClock.Instant
    /// Before it counted as handed, which it does from the commit on.
    var passed: ContinuousClock.Instant
}

/// How many there are.
private final class Count: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add(_ number: Int) { count.add(number, ordering: .relaxed) }
}

extension Report {
    /// Counts what nobody knows the end of.
    fileprivate func countDoubt() {
        switch outcome {
        case .unknown: Counter(label: "loods_messages_unknown_total").increment()
        case .resent: Counter(label: "loods_messages_resent_total").increment()
        case .accepted, .refused, .deferred, .expired, .returned, .turnedAway: break
        }
    }

    /// With what the pace of mails is kept by.
    fileprivate func paced(_ cleared: ClaimDesk.Cleared) -> Report {
        var report = self
        report.line = cleared.line.map { SendLines.Key(workspace: claimed.message.contact.workspace, line: $0) }
        report.warmUps = cleared.grant?.warmUps ?? []
        return report
    }
}

extension Claims.Outcome {
    fileprivate var word: String {
        switch self {
        case .accepted: "accepted"
        case .refused: "refused"
        case .unknown, .resent: "unknown"
        case .deferred: "deferred"
        case .expired: "expired"
        case .returned: "returned"
        case .turnedAway: "turned_away"
        }
    }
}
