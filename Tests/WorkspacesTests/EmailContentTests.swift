import Content
import JourneyProgram
import Model
import Testing
import Workspaces

/// Layouts, partials, blocks, and wordings for personas and stages.
@Suite struct EmailContentTests {
    private static let files: [String: String?] = Shop.files.mapValues { $0 as String? }.merging(
        [
            "workspace.yaml": Shop.files["workspace.yaml"]! + "\nlocale: en",
            "personas.yaml": "personas: [{persona: maker, when: 'contact.role == \"dev\"'}]\ndefault: visitor",
            "emails/offer/email.yaml": """
            subject: {en: An offer, nl: Een aanbod}
            topic: offers
            layout: brand
            blocks:
              - block: hero
                variants:
                  - {variant: pro, when: contact.plan == "pro"}
                  - {variant: maker, when: persona == "maker" && run.did("Docs Viewed")}
                default: all
            variants:
              - {persona: maker, subject: {en: For makers, nl: Voor makers}}
            """,
            "emails/offer/body.txt.mustache": nil,
            "emails/offer/body.html.mustache": "<h1>{{message.subject}}</h1>\n{{> hero}}\n",
            "emails/offer/body.nl.html.mustache": "<h1>{{message.subject}}!</h1>\n{{> hero}}\n",
            "emails/offer/body.persona-maker.stage-think.html.mustache": "<h1>Build</h1>{{> hero}}\n",
            "emails/offer/body.persona-maker.stage-think.nl.html.mustache": "<h1>Bouw</h1>{{> hero}}\n",
            "emails/offer/hero.pro.html.mustache": "<p>Pro</p>\n",
            "emails/offer/hero.maker.html.mustache": "<p>Maker</p>\n",
            "emails/offer/hero.all.html.mustache": "<p>All</p>\n",
            "emails/offer/hero.all.nl.html.mustache": "<p>Allen</p>\n",
            "layouts/brand.html.mustache":
                "<html lang=\"{{message.language}}\"><body>{{> body}}{{> end}}</body></html>",
            "partials/end.html.mustache": "<p>{{workspace.address}} <a href=\"{{links.unsubscribe}}\">No more</a></p>",
            "partials/end.nl.html.mustache":
                "<p>{{workspace.address}} <a href=\"{{links.unsubscribe}}\">Niet meer</a></p>",
        ] as [String: String?]
    ) { $1 }

    private static func load(_ changes: [String: String?] = [:]) -> Workspace.Loaded {
        var files = files
        for (file, text) in changes { files[file] = text }
        return Workspace.load(files: files.compactMapValues(\.self))
    }

    private static func findings(_ changes: [String: String?]) -> [String] {
        load(changes).findings.map(\.description)
    }

    private static func replacing(_ old: String, _ new: String) -> [String: String?] {
        let file = "emails/offer/email.yaml"
        precondition(files[file]!!.contains(old))
        return [file: files[file]!!.replacing(old, with: new)]
    }

    @Test(
        arguments: [
            (nil, nil, "hero all", "An offer", "<h1>An offer</h1>\n<p>All</p>\n", "No more"),
            (nil, "nl", "hero all", "Een aanbod", "<h1>Een aanbod!</h1>\n<p>Allen</p>\n", "Niet meer"),
            ("maker", nil, "hero pro", "For makers", "<h1>For makers</h1>\n<p>Pro</p>\n", "No more"),
            ("maker", "nl", "hero maker", "Voor makers", "<h1>Voor makers!</h1>\n<p>Maker</p>\n", "Niet meer"),
            ("maker × think", nil, "hero all", "An offer", "<h1>Build</h1><p>All</p>\n", "No more"),
            ("maker × think", "nl", "hero all", "Een aanbod", "<h1>Bouw</h1><p>Allen</p>\n", "Niet meer"),
            ("gone", "nl", "hero gone", "Een aanbod", "<h1>Een aanbod!</h1>\n<p>Allen</p>\n", "Niet meer"),
        ] as [(String?, String?, String, String, String, String)])
    func whatWasChosenIsShown(
        cell: String?, locale: String?, hero: String, subject: String, body: String, end: String
    ) throws {
        let loaded = Self.load()
        #expect(loaded.findings.isEmpty, "\(loaded.findings)")
        let email = try #require(loaded.workspace?.emails["offer"])
        let names = (cell ?? "").components(at: " × ")
        let asked = ContentCell(persona: names.first, stage: names.count > 1 ? names[1] : nil)
        let variant = email.variant(
            for: locale.map { ["locale": .string($0)] } ?? [:], in: cell == nil ? nil : asked)
        let mail = try variant.template.render(
            ["message": .object(["language": .string(variant.language?.description ?? "")])],
            choices: ["hero": String(hero.dropFirst(5))])
        #expect(mail.subject == subject)
        #expect(mail.html?.contains(body) == true && mail.html?.contains(end) == true, "\(mail.html ?? "")")
        #expect(mail.html?.hasPrefix("<html lang=\"\(locale ?? "en")\">") == true)
        #expect(mail.text.contains(end) && !mail.text.contains("<"))
    }

    @Test func journeysKnowHowToChoose() throws {
        let workspace = try #require(Self.load().workspace)
        let rules = try #require(workspace.journey(named: "welcome")?.journey.contents["offer"])
        #expect(rules.cells == [ContentCell(persona: "maker"), ContentCell(persona: "maker", stage: "think")])
        #expect(rules.blocks.map(\.name) == ["hero"] && rules.blocks[0].variants.map(\.name) == ["pro", "maker"])
        #expect(workspace.journey(named: "welcome")?.journey.runMentions.events.contains("Docs Viewed") == true)
    }

    /// A run stays with what it began with; what it does not show does not concern it.
    @Test func whatAMailIsMadeOfMakesItsVersion() throws {
        func digest(_ changes: [String: String?]) -> UniqueID? {
            Self.load(changes).workspace?.journey(named: "welcome")?.digest
        }
        let end = Self.files["partials/end.html.mustache"]!! + "\n"
        let own = try #require(digest([:]))
        for changed in ["partials/end.html.mustache": end, "emails/offer/hero.pro.html.mustache": "Pro!"] {
            let other = try #require(digest([changed.key: changed.value]))
            #expect(own != other)
        }
        #expect(own == digest(["partials/other.html.mustache": "other"]))
    }

    @Test(
        arguments: [
            (
                ["partials/end.html.mustache": "<p>\n{{> end}}"],
                "partials/end.html.mustache:2:1  \"end\" refers to itself: end → end"
            ),
            (
                ["partials/end.html.mustache": nil],
                "layouts/brand.html.mustache:1:51  there is no partial or block \"end\""
            ),
            (["layouts/brand.html.mustache": nil], "emails/offer/email.yaml:3:9  unknown layout \"brand\""),
            (
                ["layouts/brand.html.mustache": "<html></html>"],
                "layouts/brand.html.mustache:1:1  the layout has no place"
            ),
            (
                ["emails/offer/hero.maker.html.mustache": nil],
                "email.yaml:5:5  the variant \"maker\" of the block \"hero\" has no text"
            ),
            (
                ["emails/offer/hero.prp.html.mustache": "x"],
                "hero.prp.html.mustache:1:1  the block \"hero\" has no variant \"prp\" (variants are all, maker, pro; did you mean \"pro\"?"
            ),
            (
                ["emails/offer/foot.a.html.mustache": "x"],
                "foot.a.html.mustache:1:1  there is no block \"foot\" in email.yaml"
            ),
            (
                ["emails/offer/body.persona-baker.html.mustache": "x"],
                "body.persona-baker.html.mustache:1:1  unknown persona \"baker\""
            ),
            (
                ["emails/offer/body.stage-thin.html.mustache": "x"],
                "body.stage-thin.html.mustache:1:1  unknown stage \"thin\" (stages are do, see, think; did you mean \"think\"?"
            ),
            (
                ["emails/offer/body.persona-maker.stage-think.nl.html.mustache": nil],
                "warning: in \"nl\" there is no wording for maker × think"
            ),
            (["partials/more.html.mustache": "x"], "partials/more.html.mustache:1:1  warning: no e-mail shows this"),
            (
                ["emails/offer/body.html.mustache": nil, "emails/offer/body.nl.html.mustache": nil],
                "the e-mail \"offer\" has no body"
            ),
            (
                ["emails/offer/hero.pro.html.mustache": "<b>{{{x}}}</b>"],
                "hero.pro.html.mustache:1:4  an unescaped merge field"
            ),
            (["partials/hero.html.mustache": "x"], "\"hero\" is the name of a partial as well"),
        ] as [([String: String?], String)])
    func faultsAreNamedAtTheirPlace(_ changes: [String: String?], _ words: String) {
        let found = Self.findings(changes)
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test(
        arguments: [
            ("    default: all", "    default: some", "the variant \"some\" of the block \"hero\" has no text"),
            ("    default: all\n", "", "a block has no \"default\" (the variant for whoever fits no other, or none)"),
            ("persona == \"maker\"", "persona == \"makr\"", "unknown persona 'makr'"),
            ("contact.plan ==", "contcat.plan ==", "email.yaml:7:"),
            (
                "    default: all", "    default: all\n  - {block: foot, variants: [], default: none}",
                "warning: no body shows the block \"foot\""
            ),
            ("{persona: maker, subject", "{stage: thin, subject", "unknown stage \"thin\""),
            ("{persona: maker, subject", "{subject", "a variant has a \"persona\", a \"stage\" or both"),
            ("variant: pro", "variant: pr.o", "a variant's name has no \".\""),
        ])
    func faultsOfTheFileAreNamed(_ old: String, _ new: String, _ words: String) {
        let found = Self.findings(Self.replacing(old, new))
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test func variantsThatNobodyGetsAreFound() throws {
        let today = try #require(Timestamp(iso8601: "2026-03-02T09:00:00Z"))
        let never = Self.replacing("contact.plan == \"pro\"", "contact.plan == \"pro\" && contact.plan == \"team\"")
        var files = Self.files
        for (file, text) in never { files[file] = text }
        let found = Workspace.review(files: files.compactMapValues(\.self), today: today).map(\.description)
        #expect(
            found.contains { $0.contains("emails/offer/email.yaml:7") && $0.contains("can never be true") }, "\(found)")
    }

    @Test func cellsWithoutWordsOfTheirOwnAreReported() throws {
        let today = try #require(Timestamp(iso8601: "2026-03-02T09:00:00Z"))
        var files = Self.files
        files["personas.yaml"] = """
            personas: [{persona: maker, when: contact.maker}, {persona: baker, when: contact.baker}]
            default: visitor
            """
        func review() -> [String] {
            Workspace.review(files: files.compactMapValues(\.self), today: today).map(\.description)
                .filter { $0.contains("no wording of its own") }
        }
        #expect(
            review().count == 1
                && review()[0].contains("stages.yaml:4:13  warning: baker × do has no wording of its own"),
            "\(review())"
        )
        files["emails/offer/body.persona-baker.html.mustache"] = "<p>Bake</p>{{> hero}}"
        #expect(review().isEmpty)
    }

    @Test func aFallbackFillsTheGap() throws {
        let today = try #require(Timestamp(iso8601: "2026-03-02T09:00:00Z"))
        func gaps(_ body: String) -> [String] {
            var files = Self.files
            files["partials/end.html.mustache"] = files["partials/end.html.mustache"]!! + body
            return Workspace.review(files: files.compactMapValues(\.self), today: today)
                .filter { $0.file == "partials/end.html.mustache" }.map(\.description)
        }
        #expect(gaps("{{contact.first_name}}").count == 1)
        #expect(gaps("{{contact.first_name | \"there\"}}").isEmpty)
    }
}

extension String {
    fileprivate func components(at separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return (parts + [String(rest)]).filter { !$0.isEmpty }
    }
}
