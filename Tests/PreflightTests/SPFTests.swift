import Networks
import Testing

@testable import Preflight

@Suite struct SPFTests {
    private func result(_ lines: String, _ address: String? = nil) -> (SPFEvaluation.Result, SPFEvaluation) {
        Zone(lines).settled { view in
            var evaluation = SPFEvaluation(
                SPFMacro(
                    sender: "shop.test", domain: "shop.test", address: address.flatMap { NetworkAddress($0) },
                    helo: "mail.shop.test"))
            let result = evaluation.evaluate("shop.test", in: &view)
            return (result, evaluation)
        }
    }

    @Test(arguments: [
        ("ip4:192.0.2.0/24 -all", "192.0.2.200", SPFEvaluation.Result.pass),
        ("ip4:192.0.2.0/24 -all", "192.0.3.1", .fail), ("ip4:192.0.2.1 ~all", "192.0.2.2", .softFail),
        ("ip6:2001:db8::/32 -all", "2001:db8:1::5", .pass), ("ip6:2001:db8::/32 -all", "192.0.2.1", .fail),
        ("a -all", "192.0.2.7", .pass), ("a:mail.shop.test -all", "192.0.2.8", .pass),
        ("a/24 -all", "192.0.2.99", .pass),
        ("mx -all", "192.0.2.8", .pass), ("mx -all", "192.0.2.7", .fail), ("?all", "192.0.2.7", .neutral),
        ("include:others.test -all", "198.51.100.1", .pass), ("include:others.test -all", "192.0.2.7", .fail),
        ("redirect=others.test", "198.51.100.1", .pass), ("redirect=others.test", "192.0.2.7", .fail),
        ("exists:%{ir}.list.%{d} -all", "192.0.2.9", .pass), ("exists:%{ir}.list.%{d} -all", "192.0.2.7", .fail),
        ("-ip4:192.0.2.7 +all", "192.0.2.7", .fail), ("", "192.0.2.7", .neutral),
    ])
    func whoMaySend(_ policy: String, _ address: String, _ expected: SPFEvaluation.Result) {
        let lines = """
            shop.test TXT v=spf1 \(policy)
            shop.test TXT google-site-verification=x
            shop.test A 192.0.2.7
            shop.test MX 10 mail.shop.test
            mail.shop.test A 192.0.2.8
            others.test TXT v=spf1 ip4:198.51.100.0/24 -all
            9.2.0.192.list.shop.test A 127.0.0.2
            """
        #expect(result(lines, address).0 == expected)
    }

    @Test(arguments: [
        "ip4:192.0.2.300 -all", "ip4:192.0.2.1/33 -all", "ip6:192.0.2.1 -all", "a:/24 -all", "include: -all", "al",
        "-all:x", "exists -all", "redirect=a.test redirect=b.test",
    ])
    func whatCannotBeReadIsNamed(_ policy: String) {
        let (result, _) = result("shop.test TXT v=spf1 \(policy)")
        guard case .permanentError(let message) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(message.hasPrefix("in the policy of shop.test, \""), "\(message)")
    }

    @Test func questionsAreCountedThroughWhatIsIncluded() {
        let (ending, evaluation) = result(
            """
            shop.test TXT v=spf1 include:a.test include:b.test mx ~all
            a.test TXT v=spf1 a mx include:c.test -all
            b.test TXT v=spf1 ip4:192.0.2.1 -all
            c.test TXT v=spf1 ip4:192.0.2.2 -all
            a.test A 192.0.2.3
            a.test MX 10 a.test
            shop.test MX 10 a.test
            """)
        #expect(ending == .softFail && evaluation.lookups == 6 && evaluation.voids == 0)
    }

    @Test func tenQuestionsAreAllowedAndElevenAreNot() {
        let hosts = (1...11).map { "h\($0).test A 192.0.2.\($0)" }.joined(separator: "\n")
        func policy(_ count: Int) -> String {
            "shop.test TXT v=spf1 " + (1...count).map { "a:h\($0).test " }.joined() + "-all\n" + hosts
        }
        #expect(result(policy(10)).0 == .fail)
        guard case .permanentError(let message) = result(policy(11)).0 else {
            Issue.record("eleven are taken")
            return
        }
        #expect(message.contains("more than 10"))
    }

    @Test func twoNamesMayBeEmpty() {
        #expect(result("shop.test TXT v=spf1 a:x.test a:y.test -all").0 == .fail)
        guard case .permanentError = result("shop.test TXT v=spf1 a:x.test a:y.test a:z.test -all").0 else {
            Issue.record("three are taken")
            return
        }
    }

    @Test func whatIncludesItselfEnds() {
        guard case .permanentError(let message) = result("shop.test TXT v=spf1 include:shop.test -all").0 else {
            Issue.record("it is taken")
            return
        }
        #expect(message.contains("includes itself"))
    }

    @Test func aPolicyNobodyCanAskForIsNoFault() {
        var zone = Zone("shop.test TXT v=spf1 include:away.test -all")
        zone.fail("away.test", .txt)
        let result = zone.settled { view in
            var evaluation = SPFEvaluation(
                SPFMacro(sender: "shop.test", domain: "shop.test", address: nil, helo: "x"))
            return evaluation.evaluate("shop.test", in: &view)
        }
        #expect(result == .temporaryError("the policy of away.test cannot be had: silent"))
    }

    /// RFC 7208, section 7.4, whose examples these are.
    @Test(arguments: [
        ("%{s}", "strong-bad@email.example.com"), ("%{o}", "email.example.com"), ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"), ("%{d3}", "email.example.com"), ("%{d2}", "example.com"), ("%{d1}", "com"),
        ("%{dr}", "com.example.email"), ("%{d2r}", "example.email"), ("%{l}", "strong-bad"), ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"), ("%{lr-}", "bad.strong"), ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"), ("%%%_%-", "% %20"),
    ])
    func macrosAreFilledIn(_ text: String, _ expected: String) {
        let macro = SPFMacro(
            localPart: "strong-bad", sender: "email.example.com", domain: "email.example.com",
            address: NetworkAddress("192.0.2.3"), helo: "x")
        #expect(macro.expand(text) == expected)
    }
}
