import Model
import SendGate
import Testing

private let address = "anne@example.test"
private let now = Timestamp(seconds: 1_000_000)

/// Topics whose mail rests on something else than consent.
@Suite struct BasisRules {
    private static let interest = LegalBasis.legitimateInterest(
        BalancingTest(document: "LIA-7", date: CalendarDate("2026-03-01")!))

    private static func line(
        _ state: ConsentEntry.State, at second: Int64, address: String = address, channel: String = "email"
    ) -> ConsentEntry {
        ConsentEntry(
            contact: ContactKey(workspace: WorkspaceID(rawValue: 1), contact: .derived("anne")), topic: "news",
            channel: channel, address: address, at: Timestamp(seconds: second), eventID: "\(second)", state: state,
            wording: nil, source: "test")
    }

    private static func verdict(
        _ lines: [ConsentEntry], on basis: LegalBasis = interest, _ suppressions: [Suppression] = []
    ) -> Verdict {
        var policy = SendPolicy()
        policy.bases["news"] = basis
        return SendGate.verdict(
            MessageFacts(.topic("news"), address: .usable(address)),
            ContactLedger(lines, at: address, suppressions: suppressions), under: policy, now: now)
    }

    @Test func interestCarriesWhoeverHasSaidNothingAndNobodyWhoSaidNo() {
        let cases: [([ConsentEntry.State], Verdict)] = [
            ([], .send(validUntil: .distantFuture)), ([.pending], .send(validUntil: .distantFuture)),
            ([.given], .send(validUntil: .distantFuture)), ([.withdrawn], .skip(reasons: .consentWithdrawn)),
            ([.denied], .skip(reasons: .consentDenied)), ([.given, .withdrawn], .skip(reasons: .consentWithdrawn)),
            ([.withdrawn, .given], .send(validUntil: .distantFuture)),
            ([.withdrawn, .pending], .skip(reasons: .consentWithdrawn)),
        ]
        for (states, expected) in cases {
            let lines = states.enumerated().map { Self.line($1, at: Int64($0)) }
            #expect(Self.verdict(lines) == expected, "\(states)")
        }
    }

    @Test func anObjectionMadeAtAnOldAddressGoesWithThePerson() {
        let old = Self.line(.withdrawn, at: 1, address: "old@example.test")
        #expect(Self.verdict([old]) == .skip(reasons: .consentWithdrawn))
        #expect(Self.verdict([old, Self.line(.given, at: 2)]) == .send(validUntil: .distantFuture))
        let postal = Self.line(.withdrawn, at: 1, address: "", channel: "postcard")
        #expect(Self.verdict([postal]) == .send(validUntil: .distantFuture))
    }

    @Test(arguments: Suppression.Kind.allCases)
    func interestOutweighsNoSuppression(_ kind: Suppression.Kind) {
        #expect(
            Self.verdict([], on: Self.interest, [Suppression(kind, address: address)]) == .skip(reasons: .suppressed))
    }

    @Test func whatAnotherTopicRestsOnCountsForNothing() {
        var policy = SendPolicy()
        policy.bases["offers"] = Self.interest
        let found = SendGate.verdict(
            MessageFacts(.topic("news"), address: .usable(address)), ContactLedger([], at: address), under: policy,
            now: now)
        #expect(found == .skip(reasons: .noConsent))
    }

    /// Whatever was said in whatever order, a last word of no at the address stops the topic on either basis, and consent never
    /// lets less through on an interest than without.
    @Test func interestNeverOverrulesALastWordOfNo() {
        let states = ConsentEntry.State.allCases
        for first in states {
            for second in states {
                for third in states {
                    let lines = [first, second, third].enumerated().map { Self.line($1, at: Int64($0)) }
                    let (asked, assumed) = (Self.verdict(lines, on: .consent), Self.verdict(lines))
                    let said = [first, second, third].last { $0 != .pending }
                    if said?.isRefusal == true {
                        #expect(asked == assumed, "\(first) \(second) \(third)")
                    } else {
                        #expect(assumed == .send(validUntil: .distantFuture), "\(first) \(second) \(third)")
                    }
                }
            }
        }
    }
}
