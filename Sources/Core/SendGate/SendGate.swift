public import Model

/// Decides whether a message may be sent: a pure function of the message, the ledger and the instant.
///
/// The same function serves claim, simulator and dry run.
public enum SendGate {
    /// A verdict, and on what a message of a topic would go.
    public struct Judgement: Sendable, Hashable {
        public var verdict: Verdict
        /// Nil for a message that is transactional, and for one that may not go for want of a basis.
        public var basis: SendBasis?
    }

    /// The verdict on `message` at `now`, as ``judgement(_:_:under:now:)`` has it.
    public static func verdict(
        _ message: MessageFacts, _ ledger: ContactLedger, under policy: SendPolicy = SendPolicy(), now: Timestamp
    ) -> Verdict {
        judgement(message, ledger, under: policy, now: now).verdict
    }

    /// The verdict on `message` at `now`, and its basis.
    ///
    /// Every rule is asked, so that the verdict names all reasons at once. A reason to skip outweighs any to hold; of
    /// several holds the last to end counts. Quiet hours and caps concern marketing alone, and are asked where nothing else
    /// keeps the message back; a cap is asked only when the message could go, since what is full at night
    /// may be free in the morning.
    public static func judgement(
        _ message: MessageFacts, _ ledger: ContactLedger, under policy: SendPolicy = SendPolicy(), now: Timestamp
    ) -> Judgement {
        var findings = Findings()
        if ledger.isErased { findings.skip(.erased) }
        if message.journeyEnded { findings.skip(.journeyEnded) }
        if message.isPaused { findings.hold(.journeyPaused, until: .distantFuture) }
        if message.isSenderPaused { findings.hold(.senderPaused, until: .distantFuture) }
        if message.isWorkspaceStopped { findings.hold(.workspaceStopped, until: .distantFuture) }
        if message.hasLeftSegment { findings.skip(.leftSegment) }
        checkTimes(message, now, &findings)
        checkAddress(message, ledger, policy, now, &findings)
        if message.isHeldOut, case .topic(let topic) = message.messageClass, policy.holdOut?.concerns(topic) == true {
            findings.skip(.heldOut)
        }
        checkSunset(policy.sunset, message, ledger, now, &findings)
        if case .topic(let topic) = message.messageClass, findings.isClear {
            if let quiet = policy.quietHours { checkHours(quiet, message, now, &findings) }
            if findings.isClear { checkCaps(policy.caps, topic, message, ledger, now, &findings) }
        }
        return Judgement(verdict: findings.verdict, basis: findings.basis)
    }

    private static func checkSunset(
        _ sunset: Sunset?, _ message: MessageFacts, _ ledger: ContactLedger, _ now: Timestamp,
        _ findings: inout Findings
    ) {
        guard message.messageClass != .transactional, let end = sunset?.end(for: ledger.engagement) else { return }
        if now >= end { findings.skip(.unengaged) } else { findings.holdsTrue(until: end) }
    }

    private static func checkHours(
        _ quiet: QuietHours, _ message: MessageFacts, _ now: Timestamp, _ findings: inout Findings
    ) {
        if let end = quiet.end(at: now, in: message.zone) {
            findings.take(message.restraint.onQuiet ?? .hold, .quietHours, until: end)
        } else {
            findings.holdsTrue(until: quiet.start(after: now, in: message.zone))
        }
    }

    private static func checkCaps(
        _ caps: [FrequencyCap], _ topic: String, _ message: MessageFacts, _ ledger: ContactLedger, _ now: Timestamp,
        _ findings: inout Findings
    ) {
        for cap in caps {
            guard let free = cap.isFull(for: topic, after: ledger.sends, until: now) else { continue }
            findings.take(message.restraint.onCap ?? .skip, .capped, until: free)
        }
    }

    private static func checkTimes(_ message: MessageFacts, _ now: Timestamp, _ findings: inout Findings) {
        if let end = message.sendUntil {
            findings.holdsNoLonger(than: end)
            if now >= end { findings.skip(.expired) } else { findings.holdsTrue(until: end) }
        }
        if let start = message.sendFrom, now < start {
            // A message that comes due only when it has expired never goes.
            if let end = message.sendUntil, start >= end { findings.skip(.expired) }
            findings.hold(.notDue, until: start)
        }
    }

    private static func checkAddress(
        _ message: MessageFacts, _ ledger: ContactLedger, _ policy: SendPolicy, _ now: Timestamp,
        _ findings: inout Findings
    ) {
        switch message.address {
        case .missing: findings.skip(.noAddress)
        case .malformed: findings.skip(.badAddress)
        case .usable(let address):
            checkSuppression(message, address, ledger, &findings)
            if case .topic(let topic) = message.messageClass {
                let found = standing(of: topic, message, at: address, ledger, policy, now: now)
                findings.basis = found.basis
                if found.basis == nil { findings.skip(found.reasons) } else { findings.holdsTrue(until: found.until) }
            }
        }
    }

    private static func checkSuppression(
        _ message: MessageFacts, _ address: String, _ ledger: ContactLedger, _ findings: inout Findings
    ) {
        let stops = ledger.suppressions.contains {
            $0.channel == message.channel && $0.address == address
                && ($0.kind.stopsTransactional || message.messageClass != .transactional || message.asksForConsent)
        }
        if stops { findings.skip(.suppressed) }
    }
}

/// What the rules found so far.
private struct Findings {
    private var skipped: Reasons = []
    private var held: Reasons = []
    private var heldUntil = Timestamp.distantPast
    private var end = Timestamp.distantFuture
    private var validUntil = Timestamp.distantFuture
    var basis: SendBasis?

    mutating func skip(_ reason: Reasons) { skipped.formUnion(reason) }

    mutating func hold(_ reason: Reasons, until time: Timestamp) {
        held.formUnion(reason)
        heldUntil = max(heldUntil, time)
    }

    /// What is held is looked at again at `time` at the latest, since it ends there.
    mutating func holdsNoLonger(than time: Timestamp) { end = time }

    /// A rule is not content before `time`, and somebody has said what becomes of the message.
    mutating func take(_ consequence: Restraint.Consequence, _ reason: Reasons, until time: Timestamp) {
        switch consequence {
        case .hold: hold(reason, until: time)
        case .skip: skip(reason)
        case .exit: skip(reason.union(.endsRun))
        }
    }

    /// Whether no rule has found anything.
    var isClear: Bool { skipped.isEmpty && held.isEmpty }

    /// A rule is content, and stays so until `time`.
    mutating func holdsTrue(until time: Timestamp) { validUntil = min(validUntil, time) }

    var verdict: Verdict {
        if !skipped.isEmpty { return .skip(reasons: skipped) }
        return held.isEmpty ? .send(validUntil: validUntil) : .hold(until: min(heldUntil, end), reasons: held)
    }
}
