import Model
import SendGate
import Testing

private let planned = Timestamp(seconds: 100_000_000)

/// Mails end when their time is over, by class.
@Suite struct LifetimeRules {
    private static func verdict(
        _ facts: MessageFacts, at now: Timestamp, _ policy: SendPolicy = SendPolicy()
    ) -> Verdict {
        let consent = ConsentRecord(topic: "news", channel: .email, address: "a@shop.example", state: .granted)
        return SendGate.verdict(facts, ContactLedger(consents: [consent]), under: policy, now: now)
    }

    private static func facts(_ messageClass: MessageClass, until end: Timestamp?) -> MessageFacts {
        MessageFacts(messageClass, address: .usable("a@shop.example"), sendUntil: end)
    }

    @Test func eachClassHasItsOwnAndAnEMailMayHaveAnother() {
        let (usual, own) = (Lifetimes(), Lifetimes(transactional: .days(1), marketing: .days(3)))
        #expect(usual.end(of: .transactional, plannedAt: planned) == planned + .days(4))
        #expect(usual.end(of: .topic("news"), plannedAt: planned) == planned + .days(30))
        #expect(own.end(of: .transactional, plannedAt: planned) == planned + .days(1))
        #expect(own.end(of: .topic("news"), plannedAt: planned) == planned + .days(3))
        #expect(own.end(of: .transactional, own: .minutes(15), plannedAt: planned) == planned + .minutes(15))
    }

    @Test(arguments: [MessageClass.transactional, .topic("news")])
    func itGoesUntilThenAndNoLonger(messageClass: MessageClass) {
        let end = planned + .hours(2)
        let facts = Self.facts(messageClass, until: end)
        let justBefore = end - Span(microseconds: 1)
        #expect(Self.verdict(facts, at: planned) == .send(validUntil: end))
        #expect(Self.verdict(facts, at: justBefore) == .send(validUntil: end))
        #expect(Self.verdict(facts, at: end) == .skip(reasons: .expired))
        #expect(Self.verdict(Self.facts(messageClass, until: nil), at: end) == .send(validUntil: .distantFuture))
    }

    @Test func whatIsHeldIsHeldUntilItEndsAtTheLatest() {
        var policy = SendPolicy()
        policy.quietHours = QuietHours([.init(from: 0, until: 1_439)])
        let (short, long) = (planned + .minutes(10), planned + .days(2))
        let free = Self.verdict(Self.facts(.topic("news"), until: nil), at: planned, policy)
        guard case .hold(let morning, .quietHours) = free else {
            Issue.record("\(free)")
            return
        }
        #expect(
            Self.verdict(Self.facts(.topic("news"), until: short), at: planned, policy)
                == .hold(until: short, reasons: .quietHours))
        #expect(
            Self.verdict(Self.facts(.topic("news"), until: long), at: planned, policy)
                == .hold(until: morning, reasons: .quietHours))
        #expect(Self.verdict(Self.facts(.topic("news"), until: short), at: short, policy) == .skip(reasons: .expired))
    }
}
