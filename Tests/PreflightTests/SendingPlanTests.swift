import Networks
import Testing

@testable import Preflight

@Suite struct SendingPlanTests {
    private static let sound = """
        news.shop.test TXT v=spf1 ip4:192.0.2.7 -all
        bounce.shop.test TXT v=spf1 ip4:192.0.2.7 -all
        _dmarc.shop.test TXT v=DMARC1; p=quarantine; rua=mailto:d@shop.test
        k1._domainkey.shop.test TXT v=DKIM1; k=rsa; p=\(String(repeating: "A", count: 392))
        default._bimi.shop.test TXT v=BIMI1; l=https://shop.test/logo.svg; a=https://shop.test/vmc.pem
        shop.test MX 10 mx.shop.test
        bounce.shop.test MX 10 mx.shop.test
        mx.shop.test A 192.0.2.9
        7.2.0.192.in-addr.arpa PTR out.shop.test
        out.shop.test A 192.0.2.7
        go.shop.test CNAME out.shop.test
        go.shop.test A 192.0.2.7
        """

    private static var plan: SendingPlan {
        var plan = SendingPlan(from: "shop.test")
        plan.signer = "shop.test"
        plan.keys = [
            SendingPlan.Key(
                record: "k1._domainkey.shop.test", text: "v=DKIM1; k=rsa; p=\(String(repeating: "A", count: 392))")
        ]
        (plan.bounceHost, plan.trackingHost, plan.helo) = ("bounce.shop.test", "go.shop.test", "out.shop.test")
        plan.sources = [NetworkAddress("192.0.2.7")].compactMap(\.self)
        return plan
    }

    /// What is not as it should be.
    private func faults(_ zone: String, _ plan: SendingPlan = Self.plan) -> [String: PreflightFinding.Severity] {
        let findings = Zone(zone).settled { plan.findings(in: &$0) }.filter { $0.severity >= .warning }
        return Dictionary(findings.map { ($0.check, $0.severity) }) { max($0, $1) }
    }

    @Test func aSoundDomainHasNothingToMend() {
        let findings = Zone(Self.sound).settled { Self.plan.findings(in: &$0) }
        #expect(findings.filter { $0.severity != .passed } == [])
        #expect(
            Set(findings.map(\.check)) == [
                "spf", "dkim", "dmarc", "alignment", "bimi", "mx", "ptr", "helo", "tracking",
            ])
    }

    @Test(arguments: [
        ("bounce.shop.test TXT v=spf1", "bounce.shop.test TXT v=spf2", "spf", PreflightFinding.Severity.error),
        ("bounce.shop.test TXT v=spf1 ip4:192.0.2.7 -all", "bounce.shop.test TXT v=spf1 +all", "spf", .error),
        (
            "bounce.shop.test TXT v=spf1 ip4:192.0.2.7 -all", "bounce.shop.test TXT v=spf1 ip4:192.0.2.8 -all", "spf",
            .error
        ),
        (
            "bounce.shop.test TXT v=spf1 ip4:192.0.2.7 -all", "bounce.shop.test TXT v=spf1 ip4:192.0.2.7", "spf",
            .warning
        ),
        ("k1._domainkey", "k2._domainkey", "dkim", .error), ("k=rsa; p=A", "k=rsa; p=B", "dkim", .error),
        ("k=rsa; p=", "k=ed25519; p=", "dkim", .error), ("k=rsa; p=", "k=rsa; x=", "dkim", .error),
        ("v=DKIM1; k", "v=DKIM1; t=y; k", "dkim", .warning),
        ("_dmarc.shop.test TXT v=DMARC1", "_dmarc.shop.test TXT v=DMARC2", "dmarc", .error),
        ("p=quarantine;", "p=quarantine; pct=50;", "dmarc", .warning), ("p=quarantine", "p=none", "bimi", .warning),
        ("p=quarantine;", "p=quarantine; aspf=s;", "alignment", .warning),
        ("mailto:d@shop.test", "mailto:d@others.test", "dmarc", .warning), ("l=https", "l=http", "bimi", .warning),
        ("bounce.shop.test MX 10 mx.shop.test", "bounce.shop.test MX 0 ", "mx", .error),
        ("bounce.shop.test MX", "bounces.shop.test MX", "mx", .error),
        ("mx.shop.test A", "my.shop.test A", "mx", .error),
        ("7.2.0.192.in-addr", "8.2.0.192.in-addr", "ptr", .error), ("PTR out", "PTR in", "ptr", .error),
        ("go.shop.test A", "gone.shop.test A", "tracking", .error),
    ])
    func eachFaultIsFound(_ what: String, _ instead: String, _ check: String, _ severity: PreflightFinding.Severity) {
        let zone = Self.sound.replacing(what, with: instead)
        #expect(zone != Self.sound)
        #expect(faults(zone)[check] == severity, "\(faults(zone))")
    }

    @Test func twoPoliciesAreNone() {
        #expect(faults(Self.sound + "\n_dmarc.shop.test TXT v=DMARC1; p=none")["dmarc"] == .error)
        #expect(faults(Self.sound + "\nbounce.shop.test TXT v=spf1 -all")["spf"] == .error)
    }

    @Test func whatDoesNotBelongTogetherDoesNotVouch() {
        var plan = Self.plan
        (plan.signer, plan.bounceHost) = ("others.test", "others.test")
        #expect(faults(Self.sound, plan)["alignment"] == .error)
    }

    @Test func anUnsignedDomainIsToldSo() {
        var plan = Self.plan
        (plan.signer, plan.keys) = (nil, [])
        #expect(faults(Self.sound, plan)["dkim"] == .error)
    }

    @Test func theNameThatGreetsMayBeAnother() {
        var plan = Self.plan
        plan.helo = "mx.shop.test"
        #expect(faults(Self.sound, plan)["helo"] == .warning)
        plan.helo = "nobody.test"
        #expect(faults(Self.sound, plan)["helo"] == .error)
    }

    /// RFC 9989, section 4.10.
    @Test func theWalkIsBounded() {
        #expect(
            DMARCTree.names(from: "a.b.c.d.e.f.g.h.i.j.example.com") == [
                "a.b.c.d.e.f.g.h.i.j.example.com", "f.g.h.i.j.example.com", "g.h.i.j.example.com", "h.i.j.example.com",
                "i.j.example.com", "j.example.com", "example.com", "com",
            ])
        #expect(
            DMARCTree.names(from: "a.mail.example.com") == [
                "a.mail.example.com", "mail.example.com", "example.com", "com",
            ])
    }

    @Test(arguments: [
        ("_dmarc.example.com TXT v=DMARC1; p=none", "a.mail.example.com", "example.com"),
        (
            "_dmarc.mail.example.com TXT v=DMARC1; p=none; psd=n\n_dmarc.example.com TXT v=DMARC1; p=none",
            "a.mail.example.com", "mail.example.com"
        ),
        ("_dmarc.bank TXT v=DMARC1; p=reject; psd=y", "www.giant.bank", "giant.bank"),
        ("", "a.example.com", "a.example.com"),
    ])
    func whoseANameIs(_ zone: String, _ name: String, _ organization: String) {
        #expect(Zone(zone).settled { DMARCTree.organization(of: name, in: &$0) } == organization)
    }

    @Test func aNameBelowTakesThePolicyForThoseBelow() {
        var plan = SendingPlan(from: "news.shop.test")
        plan.signer = "shop.test"
        let zone = Self.sound.replacing("p=quarantine;", with: "p=reject; sp=none;")
        let findings = Zone(zone).settled { plan.findings(in: &$0) }
        #expect(findings.contains(PreflightFinding(.passed, "dmarc", "_dmarc.shop.test asks for none")))
    }
}
