import Model
import SendGate
import Testing

/// Who gets no marketing, and what is told of caps that are full.
@Suite struct HoldOutTests {
    private static let now = Timestamp(iso8601: "2026-03-10T12:00:00Z")!
    private static let address = "anne@example.test"

    private static func verdict(_ policy: SendPolicy, of topic: String?, isHeldOut: Bool = true) -> Verdict {
        let consents = ["news", "offers"].map {
            ConsentRecord(topic: $0, channel: .email, address: address, state: .granted)
        }
        var facts = MessageFacts(topic.map { .topic($0) } ?? .transactional, address: .usable(address))
        facts.isHeldOut = isHeldOut
        return SendGate.verdict(facts, ContactLedger(consents: consents), under: policy, now: now)
    }

    @Test func whoeverIsHeldOutGetsWhatIsOwedAndNoMarketing() {
        let all = SendPolicy(holdOut: HoldOut(share: 500, of: "shop"))
        #expect(Self.verdict(all, of: "news") == .skip(reasons: .heldOut))
        #expect(Self.verdict(all, of: nil) == .send(validUntil: .distantFuture))
        #expect(Self.verdict(all, of: "news", isHeldOut: false) == .send(validUntil: .distantFuture))
        let offers = SendPolicy(holdOut: HoldOut(share: 500, topics: ["offers"], of: "shop"))
        #expect(Self.verdict(offers, of: "news") == .send(validUntil: .distantFuture))
        #expect(Self.verdict(offers, of: "offers") == .skip(reasons: .heldOut))
        // Once nobody is held out any more, mail goes.
        #expect(Self.verdict(SendPolicy(), of: "news") == .send(validUntil: .distantFuture))
    }

    @Test func aShareIsDrawnThatGrowsWithoutLettingAnybodyGo() {
        let contacts = (0..<20_000).map { UniqueID.derived("test", "\($0)") }
        func held(_ share: UInt64, _ group: String = "") -> Set<UniqueID> {
            let holdOut = HoldOut(share: share, of: "shop", group: group)
            return Set(contacts.filter(holdOut.holds))
        }
        let (few, more, others) = (held(500), held(1_000), held(500, "2027"))
        // Six standard deviations.
        #expect(abs(few.count - 1_000) < 190 && abs(more.count - 2_000) < 260)
        #expect(few.isSubset(of: more) && few != others)
        #expect(abs(few.intersection(others).count - 50) < 45)
        #expect(Set(contacts.filter(HoldOut(share: 500, of: "other").holds)) != few)
        #expect(held(HoldOut.whole).count == contacts.count)
    }

    @Test func ofACapThatIsFullIsToldWhatFillsIt() throws {
        let cap = FrequencyCap(atMost: 2, within: .days(7), topics: ["offers", "news"])
        let policy = SendPolicy(caps: [FrequencyCap(atMost: 5, within: .days(1)), cap])
        let sent = [
            PastSend(topic: "news", at: Self.now - .days(1), name: "weekly/issue"),
            PastSend(topic: "offers", at: Self.now - .days(3), name: "welcome/hello"),
            PastSend(topic: "tips", at: Self.now - .days(2), name: "tips/one"),
            PastSend(topic: "news", at: Self.now - .days(8), name: "weekly/old"),
        ]
        let full = policy.fullCaps(for: "news", after: sent, now: Self.now)
        #expect(full == [FullCap(cap: cap, count: 2, latest: [sent[1], sent[0]])])
        #expect(policy.fullCaps(for: "tips", after: sent, now: Self.now).isEmpty)
        let read = try #require(FullCap(json: try JSON(parsing: full[0].json.serialized)))
        #expect(read == full[0])
        #expect(
            Reasons([.capped, .endsRun]).words(full) { ($0 - Self.now).description }
                == "cap of 2 news and offers mails in 7d: 2 were had (-3d welcome/hello, -1d weekly/issue); "
                + "so its run ends")
        #expect(Reasons.capped.words([]) { "\($0)" } == "a frequency cap is reached")
    }

    @Test func ofManyTheLatestAreNamed() {
        let sent = (0..<30).map { PastSend(topic: "news", at: Self.now - .hours(Int64($0)), name: "j/\($0)") }
        let policy = SendPolicy(caps: [FrequencyCap(atMost: 20, within: .days(1))])
        let full = policy.fullCaps(for: "news", after: sent, now: Self.now)
        #expect(full.map(\.count) == [24])
        #expect(full.first?.latest.compactMap(\.name) == (0..<10).reversed().map { "j/\($0)" })
        #expect(full.first?.words { _ in "" }.contains("24 were had (14 earlier,") == true)
    }
}
