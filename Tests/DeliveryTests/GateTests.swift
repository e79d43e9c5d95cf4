@testable import Delivery
import Links
import Model
import Postgres
import SMTP
import SendGate
import Store
import TestSupport
import Testing

/// Nobody is mailed, or tracked, without a reason to.
@Suite struct GateTests {
    private static func reasons(_ bench: Bench) async throws -> [String] {
        try await bench.texts("select reasons::text from messages order by 1")
    }

    @Test func withoutConsentAMessageIsSkippedAndItsRunGoesOn() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"], consenting: [])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer skipped"])
            #expect(try await Self.reasons(bench) == ["\(Reasons.noConsent.rawValue)"])
            #expect(try await bench.bells() == 1)
            #expect(try await bench.outcomes() == ["Email Skipped"])
            #expect(bench.sink.moments.isEmpty)
        }
    }

    @Test func withConsentItIsSentOnceWithAWayOut() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            try await bench.send(to: "anne")
            #expect(bench.sink.recipients == ["anne@mail.example"])
            let mail = try #require(bench.sink.mails.first)
            #expect(mail.header("List-Unsubscribe")?.hasPrefix("<https://mail.shop.example/u/") == true)
            #expect(mail.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click")
            #expect(mail.header("Date") == "Mon, 02 Mar 2026 09:00:00 +0000")
            #expect(!mail.text.contains("/c/"))
            #expect(!mail.text.contains("/o/"))
            #expect(try await bench.messages() == ["offer accepted"])
            #expect(try await bench.bells() == 1)
            #expect(try await bench.claims() == 0)
            #expect(try await bench.outcomes() == ["Email Sent"])
        }
    }

    @Test func withConsentToItOpensAndClicksAreTracked() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"], consenting: ["offers", "tracking"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            let text = try #require(bench.sink.mails.first).text.replacing("=\r\n", with: "")
            #expect(text.contains("https://mail.shop.example/c/"))
            #expect(text.contains("https://mail.shop.example/o/"))
            #expect(text.contains("https://mail.shop.example/u/"))
        }
    }

    /// What a step's mail has of links is the same for all who are not known by them.
    @Test func withoutConsentToItOpensAndClicksAreCountedInSum() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("offer", to: ["anne", "bob"], topic: "offers")
            try await bench.send(to: "anne", "bob")
            let texts = bench.sink.mails.map { $0.text.replacing("=\r\n", with: "") }
            #expect(texts.count == 2)
            let links = texts.map { text in
                Set(text.matches(of: /https:\/\/mail\.shop\.example\/[ap]\/[A-Za-z0-9._-]+/).map { String($0.output) })
            }
            #expect(links[0] == links[1] && links[0].count >= 2, "\(links)")
        }
    }

    @Test func whereNothingIsCountedLinksStayAsTheyAre() async throws {
        try await Bench.with { bench in
            try await bench.apply("\nuntracked: not-at-all\n")
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            let text = try #require(bench.sink.mails.first).text.replacing("=\r\n", with: "")
            #expect(!text.contains("/a/") && !text.contains("/p/"))
        }
    }

    /// A click on what is chosen when a mail is opened is the reader's, or one of many, as any other.
    @Test func whoClicksOnWhatIsChosenAtOpeningIsKnownOrCountedToo() async throws {
        let files = [
            "emails/novelty/email.yaml": """
            subject: New
            topic: offers
            live:
              - live: banner
                alt: New today
                fallback: {image: "https://cdn.example/new.png", link: "https://shop.example/new"}
            """,
            "emails/novelty/body.html.mustache":
                "<p>{{> banner}}</p><p><a href=\"{{links.unsubscribe}}\">No more</a></p>",
        ]
        try await Bench.with { bench in
            try await bench.apply("", files)
            try await bench.know(["anne"], consenting: ["offers", "tracking"])
            try await bench.know(["bob", "cor"])
            try await bench.plan("novelty", to: ["anne", "bob", "cor"], topic: "offers", revision: 2)
            try await bench.send(to: "anne", "bob", "cor")
            let texts = bench.sink.mails.map { $0.text.replacing("=\r\n", with: "") }
            let tokens = texts.compactMap { $0.firstMatch(of: /example\/l\/([A-Za-z0-9._-]+)/).map { String($0.1) } }
            #expect(tokens.count == 3)
            let links = try bench.settings().links
            let counted = tokens.compactMap { token -> CountedMail? in
                guard case .countedLive(let origin, let mail, _)? = try? links.verify(token, .countedLive) else {
                    return nil
                }
                return origin.isNobody ? mail : nil
            }
            let mail = CountedMail(journey: "welcome", step: "novelty", template: "novelty")
            #expect(counted == [mail, mail])
            let known = tokens.compactMap { token -> ContactKey? in
                guard case .liveLink(let origin, _)? = try? links.verify(token, .liveLink) else { return nil }
                return origin.contact
            }
            #expect(known == [bench.contact("anne")])
        }
    }

    @Test func aTransactionalMessageNeedsNoConsentAndHasNoWayOut() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"], consenting: [])
            try await bench.plan("receipt", to: ["anne"])
            try await bench.send(to: "anne")
            #expect(bench.sink.mails.first?.header("Subject") == "Receipt for anne")
            #expect(bench.sink.mails.first?.header("List-Unsubscribe") == nil)
        }
    }

    @Test func noAddressABadOneAndASuppressedOneAreNamed() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob", "cor"])
            try await bench.plan("receipt", to: ["anne", "bob", "cor"])
            let (bob, cor) = (bench.contact("bob").contact, bench.contact("cor").contact)
            try await bench.database.pool.withTransaction { session in
                try session.execute(
                    "update contacts set attributes = '{\"email\": \"no address\"}' where contact_id = \(bob)")
                try session.execute("update contacts set attributes = '{}' where contact_id = \(cor)")
                try session.execute(
                    """
                    insert into suppressions values (\(bench.workspace), 'anne@mail.example', 'all', \(Bench.start))
                    """)
            }
            try await bench.send(to: "anne", "bob", "cor")
            #expect(Set(try await bench.messages()) == ["receipt skipped"])
            let expected: [Reasons] = [.suppressed, .noAddress, .badAddress]
            #expect(Set(try await Self.reasons(bench)) == Set(expected.map { "\($0.rawValue)" }))
        }
    }

    /// A domain in its own letters and as DNS knows it is one, whichever of the two whoever suppressed it wrote, also in a
    /// store that was filled before they were one.
    @Test(arguments: ["bücher.example", "xn--bcher-kva.example"], ["bücher.example", "xn--bcher-kva.example"])
    func anAddressIsSuppressedHoweverItsDomainIsWritten(_ domain: String, _ other: String) async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"], at: domain)
            try await bench.plan("receipt", to: ["anne", "bob"])
            _ = try await bench.database.pool.withTransaction { session in
                try session.execute(
                    """
                    insert into suppressions values (\(bench.workspace), \("anne@\(other)"), 'all', \(Bench.start))
                    """)
            }
            try await bench.send(to: "anne", "bob")
            #expect(bench.sink.recipients == ["bob@xn--bcher-kva.example"])
            #expect(Set(try await bench.messages()) == ["receipt skipped", "receipt accepted"])
        }
    }

    @Test func consentAtOneSpellingOfADomainIsConsentAtTheOther() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"], at: "bücher.example")
            _ = try await bench.database.pool.withTransaction { session in
                try session.execute(
                    """
                    update contacts set attributes = jsonb_set(
                        attributes, '{email}', to_jsonb(replace(attributes ->> 'email', 'bücher', 'xn--bcher-kva')))
                    """)
            }
            try await bench.plan("offer", to: ["anne", "bob"], topic: "offers")
            try await bench.send(to: "anne", "bob")
            #expect(Set(bench.sink.recipients) == ["anne@xn--bcher-kva.example", "bob@xn--bcher-kva.example"])
        }
    }

    @Test func aWithdrawalBetweenClaimAndHandOverStopsTheMail() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("offer", to: ["anne", "bob"], topic: "offers")
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([bench.contact("anne"), bench.contact("bob")])
            #expect(batch.messages.count == 2)
            try await bench.withdraw("offers", by: "anne")
            await mailer.room.send(batch)
            await mailer.relay.shutdown()
            #expect(bench.sink.recipients == ["bob@mail.example"])
            #expect(try await bench.messages() == ["offer accepted", "offer withdrawn"])
            #expect(try await bench.bells() == 2)
        }
    }

    @Test func aWithdrawalOfAnotherTopicOnlyHasTheMessageAskedAgain() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"], consenting: ["offers", "tracking"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([bench.contact("anne")])
            try await bench.withdraw("tracking", by: "anne")
            await mailer.room.send(batch)
            #expect(bench.sink.mails.isEmpty)
            try await mailer.send([bench.contact("anne")])
            await mailer.relay.shutdown()
            // The mail that was composed with tracking never went.
            #expect(bench.sink.mails.count == 1)
            #expect(bench.sink.mails.allSatisfy { !$0.text.contains("/c/") })
        }
    }
}
