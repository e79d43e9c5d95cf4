import Bounces
import CrashPoints
import Logging
import Model
import Pacing
import SMTP
import Store
import Transit

/// Mail, by way of the relays.
struct MailCarrier: Carrier {
    let worker: Worker
    let composer: Composer
    let relays: Relays
    let retries: Retries
    let sites: SiteWatch
    private let refused = RefusedSenders()
    /// How often a mail may be refused for its sender's fault before it is taken for its own: whoever resumes a sender may
    /// have mended nothing, and one mail that nobody takes must not stop all others for ever.
    private static let mostRefusals: Int32 = 2
    /// One each at its final dot, one each on its way to the store, for every connection.
    let mostHanded: Int
    let attempts = "loods_delivery_attempts_total"

    init(worker: Worker, settings: DeliverySettings, watch: RelayWatch) {
        self.worker = worker
        composer = Composer(
            publicURL: settings.publicURL, links: settings.links, tokens: settings.tokens,
            signatures: Signatures(keys: settings.keys, clock: worker.clock, logger: worker.logger))
        relays = Relays(settings.relays, watch: watch, logger: worker.logger)
        retries = Retries(first: settings.firstRetry)
        mostHanded = 2 * relays.maxConnections
        sites = SiteWatch(connections: relays.maxConnections)
    }

    func prepare(_ cleared: ClaimDesk.Cleared, begun start: ContinuousClock.Instant) async -> Preparation {
        let claimed = cleared.claimed
        let sender = SenderPauses.Sender(of: claimed.message, in: cleared.workspace)
        if let sender, await refused.contains(sender) {
            return .settled(
                Report(claimed: claimed, outcome: .returned(retryAt: worker.clock.now + .seconds(1)), reply: nil))
        }
        do {
            CrashItem.mail.handle(CollectionOfOne(claimed.message.template))
            // Before it waits for a place: processors work meanwhile.
            let letter = try composer.letter(of: cleared)
            return await handIn(letter, of: cleared, begun: start)
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

    /// Waits for a place at its site and a connection, and hands over all but the final dot.
    private func handIn(
        _ letter: Composer.Letter, of cleared: ClaimDesk.Cleared, begun start: ContinuousClock.Instant
    ) async -> Preparation {
        let (claimed, site) = (cleared.claimed, cleared.site)
        // Where the site stalls the gate has it wait in line.
        if let site, await !sites.enter(site, goesFirst: cleared.goesFirst) {
            return .settled(.giveBack(claimed, at: worker.clock.now))
        }
        do {
            let prepared = try await relays.prepare(
                try SMTPEnvelope(from: letter.from, to: letter.to), letter.data, by: cleared.grant?.relay,
                goesFirst: cleared.goesFirst)
            CrashPoint.mailerPrepared.pass()
            return .ready(MailHandover(carrier: self, prepared: prepared, cleared: cleared, start: start))
        } catch {
            if let site { sites.leave(site) }
            return .settled(await report(error, of: cleared))
        }
    }

    var preparingCount: Int { relays.preparingCount }

    func untilPaused() async { await relays.watch.untilPaused() }

    var stalledSites: Set<String> { sites.stalled }

    func lookAtSites() { sites.look() }

    func shutdown() async { await relays.shutdown() }

    fileprivate func report(_ error: SMTPError, of cleared: ClaimDesk.Cleared) async -> Report {
        let claimed = cleared.claimed
        if error.code == .cancelled || error.code == .shutDown { return .giveBack(claimed, at: worker.clock.now) }
        guard error.concernsMessage else {
            let retryAt = Retries.next(afterAttempt: claimed.attempt, at: worker.clock.now)
            var report = Report(claimed: claimed, outcome: .returned(retryAt: retryAt), reply: error.reply?.line)
            report.isThrottled = error.isThrottle
            return report
        }
        var report = Report(claimed: claimed, outcome: .refused, reply: error.reply?.line ?? "\(error)")
        report.refusal = Refusal(error)
        report.isThrottled = error.isThrottle
        report.letter = SenderPauses.Sender(of: claimed.message, in: cleared.workspace).map { (cleared.address, $0) }
        if error.isTransient {
            report.outcome = retries.outcome(of: cleared, at: worker.clock.now)
            report.reply = error.reply?.line
        } else if report.refusal?.kind == .policy, claimed.refusals < Self.mostRefusals, let letter = report.letter {
            await refused.note(letter.sender)
            report.outcome = .turnedAway(lookAt: worker.clock.now)
        }
        return report
    }
}

/// A mail of which only the final dot is missing.
private struct MailHandover: Handover {
    let carrier: MailCarrier
    let prepared: Relays.Prepared
    let cleared: ClaimDesk.Cleared
    let start: ContinuousClock.Instant

    func abandon() async {
        await prepared.delivery.abandon()
        carrier.relays.end(prepared.relay)
        leaveSite()
    }

    private func leaveSite() {
        if let site = cleared.site { carrier.sites.leave(site) }
    }

    func commit(before end: ContinuousClock.Instant) async -> Report {
        let claimed = cleared.claimed
        let outcome = await prepared.delivery.commit(before: end) { CrashPoint.mailerAfterDot.pass() }
        leaveSite()
        CrashPoint.mailerAfterReply.pass()
        await carrier.relays.settled(prepared, outcome, begun: start)
        switch outcome {
        case .accepted(let reply): return Report(claimed: claimed, outcome: .accepted, reply: reply.line)
        case .deferred(let error), .refused(let error): return await carrier.report(error, of: cleared)
        case .unknown(let error):
            let again = Claims.Outcome.resent(retryAt: carrier.worker.clock.now + Claims.resendWait)
            return Report(claimed: claimed, outcome: claimed.mayResend ? again : .unknown, reply: "\(error)")
        }
    }
}

extension Refusal {
    /// What a server's answer means, or that it does not take mails of this kind; nil where none was given.
    init?(_ error: SMTPError) {
        guard let reply = error.reply else {
            guard error.code == .messageTooLarge || error.code == .eightBitUnsupported else { return nil }
            self.init(replyCode: 552, words: "5.3.4 \(error.code.rawValue)")
            return
        }
        self.init(replyCode: reply.code, words: reply.text, at: error.phase == .mail ? .sender : .mail)
    }
}

extension SMTPError {
    /// Whether the server puts mails of this kind off for their pace.
    fileprivate var isThrottle: Bool {
        guard let reply, reply.isTransientRefusal, isOfSite else { return false }
        return reply.code == 421 || reply.enhancedCode.map { $0.category == 4 && $0.subject == 7 } ?? false
    }

    /// Whether it is said of mails to this recipient's site: what a server says before it has heard of the recipient is said
    /// of the connection.
    var isOfSite: Bool {
        switch phase {
        case .recipient, .data, .body, .finalDot: code == .refused && reply != nil
        case .connect, .greeting, .hello, .startTLS, .authentication, .mail, .reset, .quit, .idle: false
        }
    }
}

extension SMTPReply {
    fileprivate var line: String { "\(code) \(loggableText)" }
}
