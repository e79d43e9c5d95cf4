import Model
import SendGate
import Testing

private let now = Timestamp(iso8601: "2026-03-10T12:00:00Z")!
private let address = "anne@example.test"
private let night = QuietHours([.init(from: 21 * 60, until: 8 * 60)])

private func verdict(
    _ policy: SendPolicy, of topic: String? = "news", sent: [PastSend] = [], _ restraint: Restraint = Restraint(),
    consents: Bool = true, at time: Timestamp = now
) -> Verdict {
    let consents = ["news", "offers"].map {
        ConsentRecord(topic: $0, channel: .email, address: address, state: consents ? .granted : .withdrawn)
    }
    return SendGate.verdict(
        MessageFacts(topic.map { .topic($0) } ?? .transactional, address: .usable(address), restraint: restraint),
        ContactLedger(consents: consents, sends: sent), under: policy, now: time)
}

/// Quiet hours and caps at the gate.
@Suite struct PolicyRules {
    private let quiet = SendPolicy(quietHours: night)
    private let evening = now + .hours(11)

    @Test func atNightMarketingIsHeldUntilTheMorningAndInTheDayItGoesUntilTheNight() {
        #expect(verdict(quiet, at: evening) == .hold(until: now + .hours(20), reasons: .quietHours))
        #expect(verdict(quiet) == .send(validUntil: now + .hours(9)))
        #expect(verdict(quiet, of: nil, at: evening) == .send(validUntil: .distantFuture))
    }

    @Test func aMessageMaySayWhatBecomesOfItAtNight() {
        #expect(verdict(quiet, Restraint(onQuiet: .skip), at: evening) == .skip(reasons: .quietHours))
        #expect(verdict(quiet, Restraint(onQuiet: .exit), at: evening) == .skip(reasons: [.quietHours, .endsRun]))
        // Whom nothing may be sent to has no run ended by the hour.
        let withdrawn = verdict(quiet, Restraint(onQuiet: .exit), consents: false, at: evening)
        #expect(withdrawn == .skip(reasons: .consentWithdrawn))
    }

    @Test func aFullCapSkipsUnlessTheMessageSaysOtherwise() {
        let policy = SendPolicy(caps: [FrequencyCap(atMost: 2, within: .days(1))])
        let sent = [PastSend(topic: "offers", at: now - .hours(20)), PastSend(topic: "news", at: now - .hours(1))]
        #expect(verdict(policy, sent: sent) == .skip(reasons: .capped))
        #expect(verdict(policy, sent: sent, Restraint(onCap: .exit)) == .skip(reasons: [.capped, .endsRun]))
        let held = verdict(policy, sent: sent, Restraint(onCap: .hold))
        #expect(held == .hold(until: now + .hours(4), reasons: .capped))
        #expect(verdict(policy, sent: sent, at: now + .hours(4)) == .send(validUntil: .distantFuture))
        #expect(verdict(policy, of: nil, sent: sent) == .send(validUntil: .distantFuture))
    }

    @Test func aCapOfTopicsCountsAndConcernsThese() {
        let policy = SendPolicy(caps: [FrequencyCap(atMost: 1, within: .days(7), topics: ["news"])])
        let sent = [PastSend(topic: "news", at: now - .days(6))]
        #expect(verdict(policy, sent: sent) == .skip(reasons: .capped))
        #expect(verdict(policy, of: "offers", sent: sent) == .send(validUntil: .distantFuture))
        #expect(verdict(policy, sent: [PastSend(topic: "offers", at: now)]) == .send(validUntil: .distantFuture))
    }

    @Test func whatIsFullAtNightMayBeFreeInTheMorning() {
        let policy = SendPolicy(quietHours: night, caps: [FrequencyCap(atMost: 1, within: .hours(12))])
        let sent = [PastSend(topic: "news", at: now + .hours(3))]
        #expect(verdict(policy, sent: sent, at: evening) == .hold(until: now + .hours(20), reasons: .quietHours))
        #expect(verdict(policy, sent: sent, at: now + .hours(20)) == .send(validUntil: now + .hours(33)))
    }

    /// Minute by minute against counting anew.
    @Test func aHeldMessageMayGoAtTheInstantThatIsNamedAndNotBefore() {
        var seed: UInt64 = 11
        func below(_ limit: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % limit
        }
        for _ in 0..<300 {
            let caps = (0...below(3)).map { _ in
                FrequencyCap(
                    atMost: 1 + below(4), within: .hours(Int64(1 + below(72))),
                    topics: [[], ["news"], ["offers", "news"]][below(3)])
            }
            let sent = (0..<below(12)).map { _ in
                PastSend(topic: ["news", "offers"][below(2)], at: now - .hours(Int64(below(90))))
            }
            func isFull(_ time: Timestamp) -> Bool {
                caps.contains { cap in
                    let counted = sent.count { cap.concerns($0.topic) && time - $0.at < cap.within }
                    return cap.concerns("news") && counted >= cap.atMost
                }
            }
            switch verdict(SendPolicy(caps: caps), sent: sent, Restraint(onCap: .hold)) {
            case .send: #expect(!isFull(now))
            case .hold(let until, _):
                #expect(isFull(now) && isFull(until - Span(microseconds: 1)) && !isFull(until), "\(caps) \(sent)")
            case .skip: Issue.record("nothing was to be skipped")
            }
        }
    }
}
