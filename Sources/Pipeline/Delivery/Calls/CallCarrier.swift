import CrashPoints
import Links
import Logging
import Model
import Outbound
import Store
import Transit
import Workspaces

/// HTTP requests to the systems that a workspace names; and, since they need no mail server either, site messages.
///
/// A request is sent again, with the same id, until it is answered: receivers know by the id what they have had. So what
/// nobody knows the end of is planned again, and nothing is `unknown`.
struct CallCarrier: Carrier {
    let worker: Worker
    let signer: WebhookSigner
    let client: OutboundClient
    let retries: Retries
    let receivers = Receivers()
    let mostHanded = 32
    let attempts = "loods_webhook_attempts_total"

    init(worker: Worker, settings: DeliverySettings) {
        self.worker = worker
        signer = settings.webhooks
        client = OutboundClient(allowing: settings.allowedHosts)
        retries = Retries(first: settings.firstCallRetry)
    }

    func prepare(_ cleared: ClaimDesk.Cleared, begun start: ContinuousClock.Instant) async -> Preparation {
        let message = cleared.claimed.message
        CrashItem.mail.handle(CollectionOfOne(message.template))
        if message.channel == .site { return SiteHandover.prepare(cleared) }
        do {
            guard let receiver = cleared.workspace.receiver(of: message), case .webhook(let webhook) = receiver.way
            else { throw MissingTemplate(name: message.template) }
            let body = try CallBody(cleared, receiver.call).bytes
            return try await handover(cleared.claimed, to: webhook, of: cleared.workspace.name, body: body)
        } catch {
            worker.logger.error(
                "a request cannot be composed", metadata: ["to": "\(message.template)", "reason": "\(error)"])
            return .settled(Report(claimed: cleared.claimed, outcome: .refused, reply: "not composed: \(error)"))
        }
    }

    /// A request that is ready to be sent, or is to wait for its receiver.
    func handover(
        _ claimed: Claims.Claimed, to webhook: Webhook, of workspace: String, body: [UInt8]
    ) async throws -> Preparation {
        guard let url = WebhookURL(webhook.url) else { throw MissingTemplate(name: claimed.message.template) }
        if let pause = await receivers.enter(url.host) {
            let retryAt =
                worker.clock.now + Span(microseconds: .random(in: pause.microseconds...2 * pause.microseconds))
            return .settled(Report(claimed: claimed, outcome: .returned(retryAt: retryAt), reply: nil))
        }
        return .ready(
            CallHandover(
                carrier: self, claimed: claimed, webhook: webhook.name, workspace: workspace,
                target: OutboundClient.Target(
                    url: url.text, host: url.host, port: url.port, isSecure: url.isSecure), body: body))
    }

    /// Each system has its own troubles.
    func untilPaused() async {
        let (never, end) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
        end.finish()
    }

    func shutdown() async { await client.shutdown() }

    fileprivate func report(_ answer: OutboundClient.Answer, of claimed: Claims.Claimed) -> Report {
        let reply = "\(answer.status)"
        switch answer.status {
        case 200...299: return Report(claimed: claimed, outcome: .accepted, reply: reply, answer: answer.told)
        case 408, 425, 429, 500...599: return putOff(claimed, reply, answer)
        default: return Report(claimed: claimed, outcome: .refused, reply: reply, answer: answer.told)
        }
    }

    /// - Parameter answer: heeded where it asks to wait, for up to an hour, and kept where it is the last.
    func putOff(
        _ claimed: Claims.Claimed, _ reply: String, _ answer: OutboundClient.Answer? = nil
    ) -> Report {
        let now = worker.clock.now
        guard let next = retries.next(after: claimed.deferrals, at: now) else {
            return Report(claimed: claimed, outcome: .refused, reply: reply, answer: answer?.told)
        }
        let asked = now + .seconds(min(max(answer?.retryAfter ?? 0, 0), 3_600))
        return Report(claimed: claimed, outcome: .deferred(retryAt: max(next, asked)), reply: reply)
    }
}

/// A request that is ready to be sent.
private struct CallHandover: Handover {
    let carrier: CallCarrier
    let claimed: Claims.Claimed
    let webhook: String
    let workspace: String
    let target: OutboundClient.Target
    let body: [UInt8]

    func abandon() async { await carrier.receivers.leave(target.host, nil) }

    func commit(before end: ContinuousClock.Instant) async -> Report {
        let start = ContinuousClock.now
        let (report, isThere) = await send(before: end)
        await carrier.receivers.leave(target.host, isThere.map { (isThere: $0, begun: start) })
        return report
    }

    /// - Returns: what came of it, and whether the receiver is there; nil: it was not asked.
    private func send(before end: ContinuousClock.Instant) async -> (Report, Bool?) {
        let machineNow = carrier.worker.clock.now
        guard .now < end else { return (.giveBack(claimed, at: machineNow), nil) }
        let signed = carrier.signer.headers(
            id: claimed.message.id.description, at: machineNow.microseconds / 1_000_000, body, of: webhook,
            in: workspace)
        let headers = [("content-type", "application/json"), ("user-agent", "Loods")] + signed
        do {
            let answer = try await uninterrupted { [carrier, target, body] in
                try await carrier.client.post(to: target, headers: headers, body: body)
            }
            CrashPoint.mailerAfterReply.pass()
            return (carrier.report(answer, of: claimed), true)
        } catch let error as OutboundError where error.code == .notAllowed {
            return (Report(claimed: claimed, outcome: .refused, reply: "\(error)"), nil)
        } catch {
            return (carrier.putOff(claimed, "\(error)"), false)
        }
    }
}

extension OutboundClient.Answer {
    /// The most bytes of a body that a run keeps.
    private static let keptLimit = 8 * 1024

    /// As the run keeps it: the status, and the body where it is JSON that the store can hold, and short.
    fileprivate var told: JSON {
        var members: [String: JSON] = ["status": .int(Int64(status))]
        if let body, body.count <= Self.keptLimit, let said = try? JSON(parsing: body),
            !String(decoding: said.serialized, as: UTF8.self).contains("\\u0000")
        {
            members["body"] = said
        }
        return .object(members)
    }
}
