@testable import Delivery
import Crypto
import Links
import Mail
import Model
import Postgres
import Store
import TestSupport
import Testing

/// What the sending domains of the live definitions make of a mail.
@Suite struct SigningTests {
    private static let domain = "shop.example"

    /// Makes `sending_domains` live; what was planned before stays of its own revision.
    private static func apply(_ domains: String, to bench: Bench) async throws {
        let settings = Shop.files["workspace.yaml"]! + "sending_domains: \(domains)\n"
        let files = Shop.files.merging(["workspace.yaml": settings]) { $1 }
        try await bench.database.pool.withTransaction { session in
            let entry = try WorkspaceRegister.lock("shop", now: Bench.start, in: session)
            _ = try Definitions.store(files: files, for: entry, by: "test", now: Bench.start, in: session)
        }
    }

    private static func send(to user: String, having selectors: [String], _ bench: Bench) async throws {
        var settings = try bench.settings()
        for selector in selectors {
            let pem = DKIMKey.pem(ed25519: Array(Curve25519.Signing.PrivateKey().rawRepresentation))
            try settings.keys.add(pem, domain: domain, selector: selector)
        }
        let mailer = await Bench.Mailer(worker: try await bench.mailer().worker, settings: settings)
        try await mailer.send([bench.contact(user)])
        await mailer.relay.shutdown()
    }

    private static func selectors(_ mail: MailSink.Mail) -> [String] {
        mail.text.replacing("\r\n ", with: " ").split(separator: "\r\n").filter { $0.hasPrefix("DKIM-Signature:") }
            .compactMap { $0.split(separator: " ").first { $0.hasPrefix("s=") } }.map {
                "\($0.dropFirst(2).dropLast())"
            }
    }

    @Test func whatIsLiveSignsWhatWasPlannedBefore() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.plan("receipt", to: ["anne"])
            try await Self.apply("[{domain: \(Self.domain), dkim: [new, old]}]", to: bench)
            bench.machine.advance(.hours(1))
            try await Self.send(to: "anne", having: ["old", "new", "other"], bench)
            #expect(bench.sink.mails.count == 2)
            for mail in bench.sink.mails {
                #expect(Self.selectors(mail) == ["new", "old"])
                // Machine time, whatever the mail's own date.
                #expect(mail.header("DKIM-Signature")?.contains(" t=1772445600;") == true)
                #expect(mail.header("Date") == "Mon, 02 Mar 2026 09:00:00 +0000")
                #expect(mail.sender == "hello@\(Self.domain)")
            }
        }
    }

    @Test func aKeyThatIsMissingLeavesTheOthersAlone() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            try await Self.apply("[{domain: \(Self.domain), dkim: [new, old]}]", to: bench)
            try await Self.send(to: "anne", having: ["old"], bench)
            #expect(bench.sink.mails.map(Self.selectors) == [["old"]])
        }
    }

    @Test func withoutAnyKeyAMailWaitsInsteadOfGoingUnsigned() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            try await Self.apply("[{domain: \(Self.domain), dkim: k1}]", to: bench)
            try await Self.send(to: "anne", having: ["other"], bench)
            #expect(bench.sink.mails.isEmpty)
            #expect(try await bench.messages() == ["receipt planned"])
            #expect(try await bench.texts("select deferrals::text from messages") == ["0"], "no failed attempt")
            bench.machine.advance(.minutes(2))
            try await Self.send(to: "anne", having: ["k1"], bench)
            #expect(bench.sink.mails.map(Self.selectors) == [["k1"]])
        }
    }

    @Test func aDomainThatIsNotSetUpSendsAsBefore() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            try await Self.apply("[{domain: other.example, dkim: k1}]", to: bench)
            try await Self.send(to: "anne", having: [], bench)
            #expect(bench.sink.mails.map(Self.selectors) == [[]])
        }
    }

    @Test func linksAndReturnPathsAreTheDomainsOwn() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"], consenting: ["offers", "tracking"])
            let message = try await bench.plan("offer", to: ["anne"], topic: "offers")[0]
            try await Self.apply(
                "[{domain: \(Self.domain), tracking_host: click.shop.example, bounce_host: b.shop.example}]", to: bench)
            try await Self.send(to: "anne", having: [], bench)
            let mail = try #require(bench.sink.mails.first)
            let returned = try bench.settings().tokens.read(mail.sender)
            #expect(returned?.purpose == .bounce && mail.sender.hasSuffix("@b.shop.example"))
            #expect(returned?.mark == MessageMark(contact: message.contact, message: message.id))
            #expect(mail.header("From")?.hasSuffix("<hello@\(Self.domain)>") == true)
            #expect(mail.header("List-Unsubscribe")?.hasPrefix("<https://click.shop.example/u/") == true)
            let byMail = try #require(mail.text.firstMatch(of: #/<mailto:(.+@b\.shop\.example)\?subject=unsubscribe>/#))
            let unsubscribing = try bench.settings().tokens.read(byMail.output.1)
            #expect(unsubscribing?.purpose == .unsubscribe && unsubscribing?.mark == returned?.mark)
            let body = mail.text.replacing("=\r\n", with: "")
            for path in ["c", "o", "u"] { #expect(body.contains("https://click.shop.example/\(path)/"), "\(path)") }
            #expect(!body.contains("https://mail.shop.example"))
        }
    }
}
