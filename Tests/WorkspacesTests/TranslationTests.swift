import Content
import Model
import Testing
import Workspaces

/// E-mails in several languages.
@Suite struct TranslationTests {
    private static let files = Shop.files.merging([
        "workspace.yaml": Shop.files["workspace.yaml"]! + "\nlocale: en",
        "emails/thanks/email.yaml": """
        subject:
          en: Thanks
          nl: Bedankt, {{contact.name}}
          nl-BE: Merci
        class: transactional
        preheader: {en: For your order, nl: Voor uw bestelling}
        """,
        "emails/thanks/body.nl.txt.mustache": "Dank u wel.\n",
        "emails/thanks/body.nl-BE.txt.mustache": "Merci, hé.\n",
    ]) { $1 }

    private static func findings(_ changes: [String: String?], on files: [String: String] = files) -> [String] {
        var files = files
        for (file, text) in changes { files[file] = text }
        return Workspace.load(files: files).findings.map(\.description)
    }

    private static func email() throws -> EmailDefinition {
        let loaded = Workspace.load(files: files)
        // A Belgian has no preheader.
        #expect(loaded.findings.map(\.severity) == [.warning], "\(loaded.findings)")
        return try #require(loaded.workspace?.emails["thanks"])
    }

    @Test(
        arguments: [
            (nil, "Thanks"), ("nl", "Bedankt, Anne"), ("nl-NL", "Bedankt, Anne"), ("nl_BE", "Merci"),
            ("en-GB", "Thanks"),
            ("de", "Thanks"), ("", "Thanks"), ("no language", "Thanks"), ("NL-be", "Merci"),
        ] as [(String?, String)])
    func aContactsLocaleChooses(locale: String?, subject: String) throws {
        var contact: [String: JSON] = ["name": .string("Anne")]
        if let locale { contact["locale"] = .string(locale) }
        let variant = try Self.email().variant(for: contact)
        #expect(try variant.template.render(["contact": .object(contact)]).subject == subject)
        #expect(variant.language.map { subject == "Thanks" ? $0.description == "en" : $0.description != "en" } == true)
    }

    @Test func aLocaleThatIsNoTextIsNone() throws {
        #expect(try Self.email().variant(for: ["locale": .int(5)]).language?.description == "en")
        #expect(try Self.email().variant(for: ["locale": .string("nl")]).preheader != nil)
        #expect(try Self.email().mergeFields == ["contact.name"])
    }

    @Test func eachLanguageIsWhole() {
        #expect(
            Self.findings(["emails/thanks/body.nl-BE.txt.mustache": nil]).first
                == "emails/thanks/body.nl-BE.txt.mustache:1:1  the e-mail \"thanks\" has no body.nl-BE.txt.mustache "
                + "(every e-mail has a body in each of its languages)")
        let german = Self.findings(["emails/thanks/body.de.txt.mustache": "Danke.\n"])
        #expect(
            german.contains {
                $0.hasPrefix("emails/thanks/email.yaml:2:3  there is no subject in \"de\" (subject: {en: …, de: …})")
            }, "\(german)")
        let noEnglish = Self.findings([
            "emails/thanks/email.yaml": "{subject: {nl: Bedankt, nl-BE: Merci}, class: transactional}"
        ])
        #expect(noEnglish.count == 1 && noEnglish[0].contains("the subject is not there in \"en\""), "\(noEnglish)")
        let html = Self.findings(["emails/thanks/body.html.mustache": "<p>Thanks</p>"]).filter {
            $0.contains("has no HTML")
        }
        #expect(html.count == 2 && html.allSatisfy { $0.contains("warning: ") }, "\(html)")
    }

    @Test func whatIsNoLanguageIsReportedAtItsPlace() {
        let files = Self.findings(["emails/thanks/body.xx.txt.mustache": "?"])
        #expect(
            files.first == "emails/thanks/body.xx.txt.mustache:1:1  the file's language \"xx\" is no language "
                + "(such as en, nl or nl-BE)", "\(files)")
        let key = Self.findings([
            "emails/thanks/email.yaml":
                "{subject: {en: Thanks, nl: Dank, nl-BE: Merci, dutch: Dank}, class: transactional}"
        ])
        #expect(key.count == 1 && key[0].hasPrefix("emails/thanks/email.yaml:1:48  the key \"dutch\""), "\(key)")
        let written = Self.findings(["emails/thanks/body.NL.txt.mustache": "Dank.\n"])
        #expect(written.contains { $0.contains("\"NL\" is written \"nl\"") }, "\(written)")
        let locale = Self.findings(["workspace.yaml": Shop.files["workspace.yaml"]! + "\nlocale: English"])
        #expect(locale.contains { $0.contains("the locale \"English\" is no language") }, "\(locale)")
    }

    @Test func theWorkspacesOwnLanguageMustBeKnownAndStandsAlone() {
        let unknown = Self.findings(["workspace.yaml": Shop.files["workspace.yaml"]!])
        #expect(unknown.contains { $0.contains("does not say which language is the workspace's own") }, "\(unknown)")
        let own = Self.findings(["emails/thanks/body.en.txt.mustache": "Thanks.\n"])
        #expect(own.count == 2 && own[0].contains("\"en\" is the workspace's own language"), "\(own)")
    }

    @Test func whatMarketingMustCarryIsAskedOfEachLanguage() {
        let found = Self.findings([
            "emails/offer/email.yaml": "{subject: {en: An offer, nl: Een aanbod}, topic: offers}",
            "emails/offer/body.nl.txt.mustache": "Een aanbod.\n{{workspace.address}}\n",
            "emails/offer/body.nl.html.mustache": "<p>{{links.unsubscribe}}</p>",
        ])
        #expect(
            found.contains {
                $0.hasPrefix("emails/offer/body.nl.txt.mustache:1:1  warning: marketing mail without {{links.")
            })
        #expect(
            found.contains {
                $0.hasPrefix("emails/offer/body.nl.html.mustache:1:1  warning: marketing mail without {{workspace.")
            }, "\(found)")
        let broken = Self.findings(["emails/thanks/body.nl.txt.mustache": "Dank {{u"])
        #expect(broken.contains { $0.hasPrefix("emails/thanks/body.nl.txt.mustache:1:6") }, "\(broken)")
    }

    @Test func whatHasNoFallbackIsFoundInEachLanguage() {
        var files = Self.files
        files["emails/thanks/body.nl.txt.mustache"] = "Dank u, {{contact.first_name}}, {{links.unsubscribe}}.\n"
        let found = Workspace.review(files: files, today: Timestamp(seconds: 0)).map(\.description)
        #expect(found.contains { $0.hasPrefix("emails/thanks/email.yaml:3:16  warning: {{contact.name}}") }, "\(found)")
        #expect(
            found.contains { $0.hasPrefix("emails/thanks/body.nl.txt.mustache:1:9  warning: {{contact.first_name}}") })
        #expect(found.contains { $0.hasPrefix("emails/thanks/body.nl.txt.mustache:1:33  {{links.unsubscribe}}") })
    }

    @Test func aTranslationMakesAnotherVersionAndAPlanTellsOfIt() throws {
        let without = try #require(Workspace.load(files: Self.files).workspace)
        var files = Self.files
        files["emails/thanks/body.nl.txt.mustache"] = "Hartelijk dank.\n"
        let changed = try #require(Workspace.load(files: files).workspace)
        #expect(without.emails["thanks"]?.digest != changed.emails["thanks"]?.digest)
        #expect(without.journey(named: "welcome")?.digest != changed.journey(named: "welcome")?.digest)
        let difference = WorkspaceDifference(from: Self.files, to: files)
        #expect(difference.changes.map(\.name) == ["thanks"])
        #expect(difference.changes.first?.details.map(\.key) == ["body.nl.txt"])
    }

    @Test func withoutTranslationsNothingIsOtherThanBefore() throws {
        let plain = try #require(Workspace.load(files: Shop.files).workspace)
        #expect(plain.locale == nil && plain.emails["thanks"]?.own.language == nil)
        // As it was stored by whoever applied it before there were languages.
        #expect(plain.journey(named: "welcome")?.digest.description == "b2e44c65-6923-8c6c-8dcd-18b6f1f826aa")
    }
}
