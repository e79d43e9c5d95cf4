import CrashPoints
import Logging
import Model
import SMTP
import Store
import Transit

/// Mail, by way of the relays.
struct MailCarrier: Carrier {
    let worker: Worker
    let composer: Composer
    let relays: Relays
    let retries: Retries
    /// One each at its final dot, one each on its way to the store, for every connection.
    let mostHanded: Int
    let attempts = "loods_delivery_attempts_total"

    init(worker: Worker, settings: DeliverySettings, watch: RelayWatch) {
        self.worker = worker
        composer = Composer(
            publicURL: settings.publicURL, links: settings.links,
            signatures: Signatures(keys: settings.keys, clock: worker.clock, logger: worker.logger))
        relays = Relays(settings.relays, watch: watch, logger: worker.logger)
        retries = Retries(first: settings.firstRetry)
        mostHanded = 2 * relays.maxConnections
    }

    func prepare(_ cleared: ClaimDesk.Cleared, begun start: ContinuousClock.Instant) async -> Preparation {
        let claimed = cleared.claimed
        do {
            CrashItem.mail.handle(CollectionOfOne(claimed.message.template))
            let letter = try composer.letter(of: cleared)
            let prepared = try await relays.prepare(try SMTPEnvelope(from: letter.from, to: letter.to), letter.data)
            CrashPoint.mailerPrepared.pass()
            return .ready(MailHandover(carrier: self, prepared: prepared, claimed: claimed, start: start))
        } catch let error as SMTPError {
            return .settled(report(error, of: claimed))
        } catch let missing as MissingKey {
            // Another mailer may have it, and this one once it is started again.
            let retryAt = worker.clock.now + .seconds(60)
            return .settled(Report(claimed: claimed, outcome: .returned(retryAt: retryAt), reply: "\(missing)"))
        } catch {
            worker.logger.error(
                "a message cannot be composed",
                metadata: ["template": "\(claimed.message.template)", "reason": "\(error)"])
            return .settled(Report(claimed: claimed, outcome: .refused, reply: "not composed: \(error)"))
        }
    }

    func untilPaused() async { await relays.watch.untilPaused() }

    func shutdown() async { await relays.shutdown() }

    fileprivate func report(_ error: SMTPError, of claimed: Claims.Claimed) -> Report {
        if error.code == .cancelled || error.code == .shutDown { return .giveBack(claimed, at: worker.clock.now) }
        guard error.concernsMessage else {
            // A second from now, so that a message that costs every connection does not spin.
            return Report(
                claimed: claimed, outcome: .returned(retryAt: worker.clock.now + .seconds(1)), reply: error.reply?.line)
        }
        guard error.isTransient, let retryAt = retries.next(after: claimed.deferrals, at: worker.clock.now) else {
            return Report(claimed: claimed, outcome: .refused, reply: error.reply?.line ?? "\(error)")
        }
        return Report(claimed: claimed, outcome: .deferred(retryAt: retryAt), reply: error.reply?.line)
    }
}

/// A mail of which only the final dot is missing.
private struct MailHandover: Handover {
    let carrier: MailCarrier
    let prepared: Relays.Prepared
    let claimed: Claims.Claimed
    let start: ContinuousClock.Instant

    func abandon() async {
        await prepared.delivery.abandon()
        carrier.relays.end(prepared.relay)
    }

    func commit(before end: ContinuousClock.Instant) async -> Report {
        let outcome = await prepared.delivery.commit(before: end) { CrashPoint.mailerAfterDot.pass() }
        CrashPoint.mailerAfterReply.pass()
        await carrier.relays.settled(prepared, outcome, begun: start)
        switch outcome {
        case .accepted(let reply): return Report(claimed: claimed, outcome: .accepted, reply: reply.line)
        case .deferred(let error), .refused(let error): return carrier.report(error, of: claimed)
        case .unknown(let error): return Report(claimed: claimed, outcome: .unknown, reply: "\(error)")
        }
    }
}

extension SMTPReply {
    fileprivate var line: String { "\(code) \(loggableText)" }
}
