import Bounces
import Model
import SendGate
import Store

/// A way by which messages reach their receivers: mail, or HTTP requests.
protocol Carrier: Sendable {
    /// How many messages may be past the fence at once, whose outcome is not recorded.
    var mostHanded: Int { get }

    /// The metric that counts its attempts.
    var attempts: String { get }

    /// Does all that can be done before the message counts as handed.
    func prepare(_ cleared: ClaimDesk.Cleared, begun start: ContinuousClock.Instant) async -> Preparation

    /// Messages that come to the fence in a moment, unless something fails.
    var preparingCount: Int { get }

    /// Returns when for a while nothing can be sent, or when the task is cancelled.
    func untilPaused() async

    /// The sites to which nothing goes at the moment, `workspace site`.
    var stalledSites: Set<String> { get }

    /// Turns away what waits for these.
    func lookAtSites()

    /// Closes all connections.
    func shutdown() async
}

extension Carrier {
    var preparingCount: Int { 0 }
    var stalledSites: Set<String> { [] }
    func lookAtSites() {}
}

enum Preparation: Sendable {
    case ready(any Handover)
    /// It goes no further, this time or for good.
    case settled(Report)
}

/// A message that only has to be handed over.
protocol Handover: Sendable {
    /// Nothing is handed.
    func abandon() async

    /// Hands it over, unless it is too late for that.
    func commit(before end: ContinuousClock.Instant) async -> Report
}

/// What came of one attempt.
struct Report: Sendable {
    var claimed: Claims.Claimed
    var outcome: Claims.Outcome
    var reply: String?
    /// What the receiver of a request said, for the run.
    var answer: JSON?
    /// Of a mail that a server did not take, why.
    var refusal: Refusal?
    /// Of a mail, where it was to go, and as whose.
    var letter: (address: String, sender: SenderPauses.Sender)?
    /// Of a mail, whether the server put it off for its pace: 421 or 4.7.x.
    var isThrottled = false
    /// Of a mail, whose it is and where it goes.
    var line: SendLines.Key?
    /// The warm-ups that it counts for.
    var warmUps: [SendQuotas.Key] = []
}

extension Report {
    /// What is told of it beside its outcome.
    var detail: String? {
        guard case .expired(let reasons) = outcome else { return reply }
        return "\(Reasons(rawValue: reasons)); put off to the last\(reply.map { ": \($0)" } ?? "")"
    }

    /// Planned again, for whoever can send it now.
    static func giveBack(_ claimed: Claims.Claimed, at machineNow: Timestamp) -> Report {
        Report(claimed: claimed, outcome: .returned(retryAt: machineNow), reply: nil)
    }
}

/// When to try again what a receiver puts off.
struct Retries: Sendable {
    /// The wait after the first deferral; it doubles up to four hours.
    var first: Duration

    private static let most: Int32 = 24

    /// What becomes of a mail that a server has just put off: it is tried again, unless its time is over by then or it was
    /// tried often enough.
    func outcome(of cleared: ClaimDesk.Cleared, at machineNow: Timestamp) -> Claims.Outcome {
        let expired = Claims.Outcome.expired(reasons: Reasons.expired.rawValue)
        guard let next = next(after: cleared.claimed.deferrals, at: machineNow) else { return expired }
        if let end = cleared.sendUntil, cleared.date + (next - machineNow) >= end { return expired }
        return .deferred(retryAt: next)
    }

    /// Nil after 24 deferrals: with waits from a quarter of an hour some four days, from ten seconds two and a half.
    func next(after deferrals: Int32, at machineNow: Timestamp) -> Timestamp? {
        guard deferrals < Self.most else { return nil }
        return Self.next(first.span, doubled: deferrals, atMost: .hours(4), at: machineNow)
    }

    /// When to try again what cost a connection, by no fault of its own: a second from now at first, up to a minute, so that a
    /// message that costs every connection does not spin.
    ///
    /// - Parameter attempt: which one it was, from 1.
    static func next(afterAttempt attempt: Int32, at machineNow: Timestamp) -> Timestamp {
        next(.seconds(1), doubled: attempt - 1, atMost: .minutes(1), at: machineNow)
    }

    /// With a fifth of jitter.
    private static func next(_ first: Span, doubled times: Int32, atMost most: Span, at now: Timestamp) -> Timestamp {
        let wait = min(first.microseconds << max(0, min(times, 20)), most.microseconds)
        return now + Span(microseconds: Int64(Double(wait) * .random(in: 0.8...1.2)))
    }
}
