import Foundation
import TestSupport
import Testing

/// Mails looked at before they are sent, and sent to those who look.
@Suite struct CommandLinePreflightTests {
    private static let workspace = """
        workspace: shop
        time_zone: UTC
        locale: en
        sender: {name: Shop, address: hello@shop.example}
        address: Kade 1
        topics: [{topic: news, wording: News}]
        sending_domains: [{domain: shop.example, dkim: k1}]
        """
    private static let html = """
        <!DOCTYPE html><html lang="en"><head><title>News</title></head><body><p>Dear {{contact.first_name}}, this is new.</p>
        <p>{{workspace.address}} <a href="{{links.unsubscribe}}">No more</a></p></body></html>
        """

    private func write(_ line: Terminal, html: String = Self.html, besides: String = "") throws {
        try line.write(Self.workspace + "\n" + besides, to: "shop/workspace.yaml")
        try line.write("subject: News\ntopic: news\n", to: "shop/emails/news/email.yaml")
        try line.write(
            "News.\n\n-- \n{{workspace.address}}\n{{links.unsubscribe}}\n", to: "shop/emails/news/body.txt.mustache")
        try line.write(html, to: "shop/emails/news/body.html.mustache")
    }

    @Test(.enabled(if: NameServer.python != nil, "dnslib is not there"))
    func aDomainIsHeldAgainstItsNames() async throws {
        try await Terminal.with { line in
            try write(line)
            let key = try await line("dkim", "shop.example", "k1", "--keys", line.path("keys"), "--json").object()
            let text = try #require(key["strings"] as? [String]).map { "\"\($0)\"" }.joined(separator: " ")
            let zone = """
                shop.example. 60 IN TXT "v=spf1 ip4:192.0.2.7 -all"
                shop.example. 60 IN MX 10 out.shop.example.
                _dmarc.shop.example. 60 IN TXT "v=DMARC1; p=none; rua=mailto:d@shop.example"
                k1._domainkey.shop.example. 60 IN TXT \(text)
                out.shop.example. 60 IN A 192.0.2.7
                7.2.0.192.in-addr.arpa. 60 IN PTR out.shop.example.
                """
            try await NameServer.with(zone) { server, _ in
                let settings = ["LOODS_DKIM_KEYS": line.path("keys")]
                func look(_ source: String, exits code: Int32) async throws -> String {
                    try await line(
                        [
                            "preflight", "news", "--folder", line.path("shop"), "--resolver", server.address,
                            "--source",
                            source,
                            "--no-spam",
                        ], exits: code, with: settings
                    ).output
                }
                let sound = try await look("192.0.2.7", exits: 0)
                #expect(sound.contains("✓ spf: 192.0.2.7 may send for shop.example"), "\(sound)")
                #expect(sound.contains("✓ dkim: k1._domainkey.shop.example is the key that signs"), "\(sound)")
                let wrong = try await look("192.0.2.8", exits: 1)
                #expect(wrong.contains("✗ spf: 192.0.2.8 may not send for shop.example"), "\(wrong)")
                #expect(wrong.contains("✗ ptr: 192.0.2.8 has no PTR record"), "\(wrong)")
            }
        }
    }

    @Test func aMailIsLookedAtAsItIsComposed() async throws {
        try await Terminal.with { line in
            try write(line, html: Self.html.replacing("<p>Dear", with: "<a href=\"http://localhost/\">x</a><p>Dear"))
            let found = try await line("preflight", "--folder", line.path("shop"), "--offline", "--no-spam", exits: 1)
                .output
            #expect(found.contains("✗ links: the link \"http://localhost/\" leads to localhost"), "\(found)")
            #expect(found.contains("! merge: emails/news/body.html.mustache:1:"), "\(found)")
            #expect(found.contains("1 mail: 1 error, 1 warning"), "\(found)")
            let unknown = try await line("preflight", "new", "--folder", line.path("shop"), "--offline", exits: 64)
                .output
            #expect(unknown.contains("there is no e-mail \"new\"; there are news"))
            let given = try await line(
                "preflight", "--folder", line.path("shop"), "--resolver", "localhost", exits: 64
            ).output
            #expect(given.contains("is not the address of a name server"), "\(given)")
        }
    }

    @Test func everyMailThatAnEmailCanComeOutAsIsLookedAt() async throws {
        try await Terminal.with { line in
            try write(line)
            func html(_ words: String) -> String {
                Self.html.replacing(", this is new", with: words).replacing("{{contact.first_name}}", with: "reader")
            }
            try line.write("stages: [{stage: think}]\n", to: "shop/stages.yaml")
            try line.write(
                """
                subject: {en: News, nl: Nieuws}
                topic: news
                blocks: [{block: hero, default: none, variants: [{variant: pro, when: 'contact.plan == "pro"'}]}]
                """, to: "shop/emails/news/email.yaml")
            try line.write(html("{{> hero}}"), to: "shop/emails/news/body.html.mustache")
            try line.write("<a href=\"http://localhost/pro\">x</a>", to: "shop/emails/news/hero.pro.html.mustache")
            try line.write(
                html("<a href=\"http://localhost/nl\">x</a>").replacing("lang=\"en\"", with: "lang=\"nl\""),
                to: "shop/emails/news/body.nl.html.mustache")
            try line.write(
                html("{{contact.company}} <a href=\"http://localhost/think\">x</a>"),
                to: "shop/emails/news/body.stage-think.html.mustache")
            let report = try await line(
                ["preflight", "--folder", line.path("shop"), "--offline", "--no-spam", "--json"], exits: 1
            ).object()
            var found: [String: [String]] = [:]
            for mail in try #require(report["emails"] as? [[String: Any]]) {
                let name = "\(mail["language"] as? String ?? "-") \(mail["variant"] as? String ?? "-")"
                let findings = try #require(mail["findings"] as? [[String: Any]])
                found[name] = findings.compactMap { finding in
                    guard let check = finding["check"] as? String, ["links", "merge"].contains(check) else {
                        return nil
                    }
                    let message = finding["message"] as? String ?? ""
                    return message.firstMatch(of: /localhost\/\w+|\w+\.stage-think[.\w]+/).map { String($0.output) }
                }
            }
            #expect(
                found == [
                    "en -": [], "en hero pro": ["localhost/pro"], "nl -": ["localhost/nl"],
                    "en stage think": ["localhost/think", "body.stage-think.html.mustache"],
                ])
            let told = try await line(
                ["preflight", "--folder", line.path("shop"), "--offline", "--no-spam"], exits: 1
            ).output
            #expect(told.contains("news (en, hero pro)") && told.contains("news (en, stage think)"), "\(told)")
        }
    }

    @Test func aMergeFieldWithoutFallbackIsNamedInLayoutsAndPartialsToo() async throws {
        try await Terminal.with { line in
            try write(line, html: "<p>New. {{> greeting}}</p>\n")
            try line.write(
                "subject: {en: News, nl: Nieuws}\ntopic: news\nlayout: page\n", to: "shop/emails/news/email.yaml")
            try line.write("<p>Nieuw. {{> greeting}}</p>\n", to: "shop/emails/news/body.nl.html.mustache")
            try line.write(
                """
                <!DOCTYPE html><html lang="en"><head><title>x</title></head><body>
                For {{contact.city}}
                {{> body}}
                <p><a href="http://localhost/">x</a> {{workspace.address}} <a href="{{links.unsubscribe}}">No</a></p>
                </body></html>
                """, to: "shop/layouts/page.html.mustache")
            try line.write("{{> body}}\n", to: "shop/layouts/page.txt.mustache")
            try line.write("Dear {{contact.first_name}}", to: "shop/partials/greeting.html.mustache")
            try line.write("Beste\n{{contact.first_name}}", to: "shop/partials/greeting.nl.html.mustache")
            try line.write("Of {{contact.shop}}", to: "shop/partials/other.html.mustache")
            let places = [
                "layouts/page.html.mustache:2:5", "partials/greeting.html.mustache:1:6",
                "partials/greeting.nl.html.mustache:2:1",
            ]
            let checked = try await line("validate", line.path("shop")).output
            for place in places { #expect(checked.contains("\(place)  warning: {{contact."), "\(checked)") }
            let report = try await line(
                ["preflight", "--folder", line.path("shop"), "--offline", "--no-spam", "--json"], exits: 1
            ).object()
            var found: [String: [String]] = [:]
            for mail in try #require(report["emails"] as? [[String: Any]]) {
                let findings = try #require(mail["findings"] as? [[String: Any]])
                found[mail["language"] as? String ?? "-"] =
                    findings.filter { $0["check"] as? String == "merge" }.compactMap { finding in
                        (finding["message"] as? String)?.split(separator: " ").first.map(String.init)
                    }.sorted()
            }
            #expect(found == ["en": Array(places[..<2]), "nl": [places[2]]])
        }
    }

    private static let recipes: [String] = {
        let folder = Terminal.checkout?.appendingPathComponent("deploy/recipes").path ?? ""
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.contains(".") }
            .sorted()
    }()

    @Test func thereAreRecipes() { #expect(Self.recipes.count >= 8) }

    /// As they are handed out; rated by SpamAssassin where it is installed.
    @Test(arguments: recipes)
    func recipesHaveNothingToMend(_ recipe: String) async throws {
        let folder = try #require(Terminal.checkout).appendingPathComponent("deploy/recipes/\(recipe)").path
        try await Self.nothingToMend(in: folder)
    }

    @Test func theDemoHasNothingToMend() async throws {
        try await Self.nothingToMend(
            in: try #require(Terminal.checkout).appendingPathComponent("deploy/demo/shop").path)
    }

    private static func nothingToMend(in folder: String) async throws {
        try await Terminal.with { line in
            let report = try await line("preflight", "--folder", folder, "--offline", "--json").object()
            #expect(report["errors"] as? Int == 0 && report["warnings"] as? Int == 0, "\(report)")
            let emails = try #require(report["emails"] as? [[String: Any]])
            #expect(!emails.isEmpty)
            for email in emails {
                let spam = try #require(email["spam"] as? [String: Any])
                if let skipped = spam["skipped"] as? String {
                    #expect(skipped == "SpamAssassin is not installed", "\(email)")
                    continue
                }
                #expect(try #require(spam["score"] as? Double) < 2, "\(email)")
                // It has looked: HTML alone is worth a rule.
                #expect((spam["rules"] as? [String: Any])?["HTML_MESSAGE"] != nil, "\(email)")
            }
        }
    }

    @Test(.enabled(if: TestEnvironment.hasChromium, "Chromium is not there"))
    func picturesAreDrawn() async throws {
        try await Terminal.with { line in
            try write(
                line, html: Self.html.replacing("this is new", with: String(repeating: "this is new. ", count: 200)))
            _ = try await line(
                "preflight", "--folder", line.path("shop"), "--offline", "--no-spam", "--pictures",
                line.path("pictures"))
            var sizes: [String: (width: Int, height: Int)] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: line.path("pictures")) {
                let png = Array(try Data(contentsOf: URL(fileURLWithPath: line.path("pictures/\(name)"))))
                func number(at place: Int) -> Int { png[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
                #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
                sizes[name] = (number(at: 16), number(at: 20))
            }
            #expect(
                Set(sizes.keys)
                    == Set(["phone", "desktop"].flatMap { ["news.en.\($0).light.png", "news.en.\($0).dark.png"] }))
            let (phone, desktop) = (
                try #require(sizes["news.en.phone.light.png"]), try #require(sizes["news.en.desktop.light.png"])
            )
            #expect(phone.width == 375 && desktop.width == 800 && phone.height > desktop.height && phone.height > 800)
        }
    }

    @Test func testsGoToThoseWhoAreNamed() async throws {
        try await TestMailServer.with { server in
            try await Terminal.with { line in
                try write(line, besides: "seeds: [seed@example.com]")
                _ = try await line("dkim", "shop.example", "k1", "--keys", line.path("keys"))
                let settings = [
                    "LOODS_SMTP": server.url, "LOODS_HELO": "localhost", "LOODS_DKIM_KEYS": line.path("keys"),
                    "LOODS_PUBLIC_URL": "https://go.shop.example/",
                ]
                let folder = line.path("shop")
                let sent = try await line(
                    ["send-test", "news", "--folder", folder, "--to", "anne@example.com", "refuse-550@example.com"],
                    exits: 1, with: settings
                ).output
                #expect(sent.contains("✓ anne@example.com (en)  accepted: 250"), "\(sent)")
                #expect(sent.contains("✗ refuse-550@example.com (en)  refused: 550"), "\(sent)")
                let seeds = try await line(["send-test", "news", "--folder", folder, "--json"], with: settings).json()
                let seed = try #require((seeds as? [[String: Any]])?.first)
                #expect(seed["to"] as? String == "seed@example.com" && seed["signed"] as? Bool == true, "\(seed)")
                let mails = try server.mails()
                #expect(Set(mails.map(\.to)) == ["anne@example.com", "seed@example.com"])
                for mail in mails {
                    #expect(mail.subject == "[Test] News" && mail.text.contains("DKIM-Signature: v=1"))
                    #expect(mail.field("List-Unsubscribe").hasPrefix("<https://go.shop.example/u/"))
                    #expect(mail.field("Feedback-ID").hasPrefix("test:") && !mail.text.contains("/o/"))
                }
                let nobody = try await line(
                    ["send-test", "news", "--folder", folder, "--to", "anne"], exits: 64, with: settings
                ).output
                #expect(nobody.contains("\"anne\" is not an e-mail address"))
            }
        }
    }

    @Test func applyTellsOfMailsAndRefusesThemWhereTheWorkspaceSaysSo() async throws {
        try await Terminal.withServers { line, _ in
            let broken = Self.html.replacing("<p>Dear", with: "<a href=\"http://localhost/\">x</a><p>Dear")
            try line.edit("shop/workspace.yaml") { $0 + "\npreflight: warnings\n" }
            let topic = "subject: News\nclass: transactional\n"
            try line.write(topic, to: "shop/emails/news/email.yaml")
            try line.write("News.\n", to: "shop/emails/news/body.txt.mustache")
            try line.write(
                broken.replacing("<a href=\"{{links.unsubscribe}}\">No more</a>", with: ""),
                to: "shop/emails/news/body.html.mustache")
            let told = try await line("apply", line.path("shop"), "--yes").output
            #expect(told.contains("leads to localhost"), "\(told)")
            try line.edit("shop/workspace.yaml") { $0.replacing("preflight: warnings", with: "preflight: errors") }
            let refused = try await line("apply", line.path("shop"), "--yes", exits: 1).output
            #expect(refused.contains("loods preflight tells more. Nothing has been changed"), "\(refused)")
        }
    }
}
