import Testing

@testable import Messaging

/// An intake with both lanes open and trusted, whose steps are words; each cancelling and waiting is reported back at once.
struct DrivenIntake {
    var intake: Intake
    let start = ContinuousClock.now

    init(bodies: Int = 3, bytes: Int = 1_000, prefetch: UInt16 = 10) {
        self.init(new: [.live, .bulk], bodies: bodies, bytes: bytes, prefetch: prefetch)
        #expect(next() == "await")
        intake.live.isTrusted = true
        intake.bulk.isTrusted = true
        #expect(next() == "live open \(prefetch)")
        #expect(next() == "bulk open \(prefetch)")
        forgetGrants()
    }

    /// One that has just come into being.
    init(new lanes: [Lane], bodies: Int = 3, bytes: Int = 1_000, prefetch: UInt16 = 10) {
        var limits = Intake.Limits(bodies: bodies, bytes: bytes, prefetch: prefetch)
        limits.bulkTurn = .seconds(300)
        intake = Intake(limits: limits, lanes: lanes)
    }

    mutating func receive(
        _ tags: ClosedRange<UInt64>, lane: Lane = .live, attempts: Int = 0, bytes: Int = 1,
        after delay: Duration = .zero
    ) {
        for tag in tags {
            let body = [UInt8](repeating: UInt8(tag), count: bytes)
            let delivery = Delivery(queue: .events, lane: lane, body: body, attempts: attempts)
            intake.receive(delivery, tag: tag, now: start + delay)
        }
    }

    /// The next step in words.
    mutating func next(after delay: Duration = .zero) -> String {
        switch intake.next(now: start + delay) {
        case .awaitUsable:
            intake.isUsable()
            return "await"
        case .subscribe(let lane, let prefetch): return "\(lane) open \(prefetch)"
        case .cancel(let lane):
            intake.wasCancelled(lane)
            return "\(lane) cancel"
        case .ack(let lane, let tag): return "\(lane) ack \(tag)"
        case .hand(let lane, let batch): return "\(lane) \(batch.map { Int($0.body[0]) })"
        case .setAside(let lane, let id, _, let reason): return "\(lane) set aside \(id): \(reason)"
        case .giveBack(let lane, let returned):
            return "\(lane) give back \(returned.rest), done \(returned.done), \(returned.reason.rawValue)"
        case .wait(let instant): return instant.map { "wait \($0 - start)" } ?? "wait"
        case .finish: return "finish"
        }
    }

    mutating func handled(
        _ settlements: Settlement..., lane: Lane = .live, after delay: Duration = .zero
    ) {
        intake.handled(settlements, lane: lane, now: start + delay)
    }

    mutating func wasSetAside(_ id: UInt64, succeeded: Bool) {
        intake.wasSetAside(id, succeeded: succeeded, lane: .live, now: start)
    }

    /// As though nothing had been on its way for long.
    mutating func forgetGrants() { (intake.live.lastGrant, intake.bulk.lastGrant) = (nil, nil) }

    mutating func stop() { intake.stop() }
}
