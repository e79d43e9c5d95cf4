import Model
import SendGate
import Testing

private let address = "anne@example.test"
private let now = Timestamp(seconds: 100_000_000)

/// Marketing ends for whoever shows no sign of life.
@Suite struct SunsetRules {
    private static func verdict(_ engagement: Engagement, _ messageClass: MessageClass = .topic("news")) -> Verdict {
        var policy = SendPolicy()
        policy.sunset = Sunset(after: .days(180), mails: 3)
        var ledger = ContactLedger(consents: [
            ConsentRecord(topic: "news", channel: .email, address: address, state: .granted)
        ])
        ledger.engagement = engagement
        return SendGate.verdict(
            MessageFacts(messageClass, address: .usable(address)), ledger, under: policy, now: now)
    }

    @Test func itTakesTimeAndMails() {
        let first = now - .days(170)
        let cases: [(Engagement, Verdict)] = [
            (Engagement(), .send(validUntil: .distantFuture)),
            (
                Engagement(lastSign: now - .days(400), mails: 2, firstMail: first),
                .send(validUntil: .distantFuture)
            ),
            (
                Engagement(lastSign: now - .days(179), mails: 3, firstMail: first),
                .send(validUntil: now + .days(1))
            ),
            (Engagement(lastSign: now - .days(180), mails: 3, firstMail: first), .skip(reasons: .unengaged)),
            (Engagement(mails: 30, firstMail: first), .send(validUntil: now + .days(10))),
            (Engagement(mails: 3, firstMail: now - .days(181)), .skip(reasons: .unengaged)),
        ]
        for (engagement, expected) in cases { #expect(Self.verdict(engagement) == expected, "\(engagement)") }
    }

    @Test func whatIsOwedGoesOn() {
        let lost = Engagement(lastSign: now - .days(400), mails: 99, firstMail: now - .days(300))
        #expect(Self.verdict(lost, .transactional) == .send(validUntil: .distantFuture))
        #expect(Self.verdict(lost) == .skip(reasons: .unengaged))
    }

    @Test func mailsCountFromTheLatestSign() {
        let sends = [5, 4, 3, 2, 1].map { now - .days($0) }
        #expect(Engagement(lastSign: nil, after: sends) == Engagement(mails: 5, firstMail: sends[0]))
        #expect(
            Engagement(lastSign: sends[2], after: sends)
                == Engagement(lastSign: sends[2], mails: 2, firstMail: sends[3]))
        #expect(Engagement(lastSign: now, after: sends) == Engagement(lastSign: now))
    }
}
