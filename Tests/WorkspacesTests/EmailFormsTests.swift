import JourneyProgram
import Model
import Testing
import Workspaces

/// What an e-mail can come out as.
@Suite struct EmailFormsTests {
    private static let settings = """
        workspace: shop
        time_zone: UTC
        locale: en
        sender: {name: Shop, address: hello@shop.example}
        address: Kade 1
        topics: [{topic: news, wording: News}]
        """
    private static let files = [
        "workspace.yaml": settings, "stages.yaml": "stages: [{stage: think}]\n",
        "personas.yaml": "personas:\n  - {persona: technical, when: 'contact.role == \"cto\"'}\ndefault: visitor\n",
        "emails/news/email.yaml": """
        subject: {en: News, nl: Nieuws}
        topic: news
        blocks:
          - {block: hero, default: everybody, variants: [{variant: pro, when: 'contact.plan == "pro"'}]}
        """,
        "emails/news/body.txt.mustache": "{{> hero}} {{links.unsubscribe}} {{workspace.address}}",
        "emails/news/body.nl.txt.mustache": "Zonder blok {{links.unsubscribe}} {{workspace.address}}",
        "emails/news/body.persona-technical.stage-think.txt.mustache":
            "Bits {{> hero}} {{links.unsubscribe}} {{workspace.address}}",
        "emails/news/hero.pro.txt.mustache": "For pros",
        "emails/news/hero.everybody.txt.mustache": "For all",
    ]

    private func email() throws -> EmailDefinition {
        let loaded = Workspace.load(files: Self.files)
        return try #require(loaded.workspace?.emails["news"], "\(loaded.findings)")
    }

    @Test func eachWordingComesInEachLanguageAndWithEachVariantOfItsBlocks() throws {
        let forms = try email().forms
        #expect(
            forms.map { "\($0.language?.description ?? "-"): \($0)" } == [
                "en: ", "en: hero pro", "nl: ", "en: technical × think", "en: technical × think, hero pro",
            ])
        #expect(forms.map { $0.choice.blocks["hero"] } == ["everybody", "pro", "everybody", "everybody", "pro"])
    }

    @Test(arguments: [
        ("email.yaml", "en: "), ("body.txt.mustache", "en: "), ("body.nl.txt.mustache", "nl: "),
        ("body.persona-technical.stage-think.txt.mustache", "en: technical × think"),
        ("layouts/page.txt.mustache", "en: "), ("partials/top.nl.txt.mustache", "nl: "),
        ("partials/top.de.txt.mustache", "en: "), ("hero.pro.txt.mustache", "en: hero pro"),
        ("hero.everybody.txt.mustache", "en: "),
    ])
    func eachFileIsReadInOneOfThem(_ file: String, _ expected: String) throws {
        let form = try email().form(showing: file)
        #expect("\(form.language?.description ?? "-"): \(form)" == expected)
    }
}
