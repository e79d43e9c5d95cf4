import Model
import SendGate
import Testing

private let address = "anne@example.test"
private let now = Timestamp(seconds: 1_000_000)

/// Topics that go to whoever has bought.
@Suite struct SoftOptInRules {
    private static let terms = SoftOptIn(
        event: "Order Completed", within: .days(10), similarProducts: "shoes", optOut: "the checkout")

    private static func line(_ state: ConsentEntry.State, at second: Int64, address: String = address) -> ConsentEntry {
        ConsentEntry(
            contact: ContactKey(workspace: WorkspaceID(rawValue: 1), contact: .derived("anne")), topic: "news",
            address: address, at: Timestamp(seconds: second), eventID: "\(second)", state: state, wording: nil,
            source: "test")
    }

    private static func judged(
        _ lines: [ConsentEntry], sales: [String: Timestamp], _ suppressions: [Suppression] = []
    ) -> (Verdict, SendBasis?) {
        var policy = SendPolicy()
        policy.bases["news"] = .softOptIn(terms)
        let facts = MessageFacts(.topic("news"), address: .usable(address))
        var ledger = ContactLedger(lines, at: address, suppressions: suppressions)
        ledger.sales = sales
        let judgement = SendGate.judgement(facts, ledger, under: policy, now: now)
        return (judgement.verdict, judgement.basis)
    }

    private static func bought(_ ago: Span) -> [String: Timestamp] { ["Order Completed": now - ago] }

    @Test func aSaleCarriesUntilItsTimeIsOver() {
        let (verdict, basis) = Self.judged([], sales: Self.bought(.days(9)))
        #expect(verdict == .send(validUntil: now + .days(1)))
        #expect(basis == .sale(event: "Order Completed", at: now - .days(9)))
        for ago in [Span.days(10), .days(11)] {
            let (verdict, basis) = Self.judged([], sales: Self.bought(ago))
            #expect(verdict == .skip(reasons: [.noConsent, .noSale]) && basis == nil)
        }
        #expect(Self.judged([], sales: ["Trial Started": now]).0 == .skip(reasons: [.noConsent, .noSale]))
    }

    @Test func whoSaysNoGetsNoneHoweverMuchTheyBuy() {
        let sales = Self.bought(.zero)
        #expect(Self.judged([Self.line(.withdrawn, at: 1)], sales: sales).0 == .skip(reasons: .consentWithdrawn))
        #expect(Self.judged([Self.line(.denied, at: 1)], sales: sales).0 == .skip(reasons: .consentDenied))
        let old = Self.line(.withdrawn, at: 1, address: "old@example.test")
        #expect(Self.judged([old], sales: sales).0 == .skip(reasons: .consentWithdrawn))
        #expect(
            Self.judged([], sales: sales, [Suppression(.marketing, address: address)]).0 == .skip(reasons: .suppressed))
    }

    @Test func consentOutweighsASaleAndNeedsNone() {
        let given = Self.line(.given, at: 5)
        for sales in [[:], Self.bought(.days(1))] {
            let (verdict, basis) = Self.judged([given], sales: sales)
            #expect(verdict == .send(validUntil: .distantFuture))
            #expect(basis == .consent(since: Timestamp(seconds: 5)))
        }
        #expect(Self.judged([Self.line(.pending, at: 5)], sales: [:]).0 == .skip(reasons: [.consentPending, .noSale]))
    }

    @Test func whatATopicDoesNotRestOnCountsForNothing() {
        var ledger = ContactLedger([], at: address)
        ledger.sales = Self.bought(.days(1))
        let facts = MessageFacts(.topic("news"), address: .usable(address))
        let judgement = SendGate.judgement(facts, ledger, now: now)
        #expect(judgement.verdict == .skip(reasons: .noConsent) && judgement.basis == nil)
        let owed = MessageFacts(.transactional, address: .usable(address))
        #expect(SendGate.judgement(owed, ledger, now: now).basis == nil)
    }

    @Test func whatIsStoredOfABasisIsReadAgain() {
        let bases: [SendBasis] = [
            .consent(since: now), .consent(since: nil), .sale(event: "Order Completed", at: now),
            .interest(BalancingTest(document: "LIA-7", date: CalendarDate("2026-03-01")!)),
        ]
        for basis in bases { #expect(SendBasis(json: basis.json) == basis) }
        #expect(SendBasis(json: .object(["on": .string("whim")])) == nil)
    }
}
