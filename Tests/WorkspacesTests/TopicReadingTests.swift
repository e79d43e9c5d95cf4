import JourneyProgram
import Model
import SendGate
import Testing

@testable import Workspaces

/// Topics of `workspace.yaml`, and the forms that ask for consent to them.
@Suite struct TopicReadingTests {
    private static func load(_ topics: String, _ more: [String: String] = [:], locale: String = "en")
        -> Workspace.Loaded
    {
        let files = [
            "workspace.yaml": """
            workspace: shop
            time_zone: UTC
            locale: \(locale)
            sender: {name: Shop, address: hello@shop.example}
            address: Street 1
            topics:
            \(topics)
            """
        ]
        return Workspace.load(files: files.merging(more) { $1 })
    }

    @Test func salesAreAskedForNoLongerThanTheLogIsKept() {
        let files = [
            "workspace.yaml": """
            workspace: shop
            time_zone: UTC
            sender: {name: Shop, address: hello@shop.example}
            address: Street 1
            topics:
              - topic: offers
                wording: Yes
                basis: soft_opt_in
                sale: {event: Bought, within: 365d, similar_products: shoes, opt_out: checkout}
            """
        ]
        #expect(Workspace.load(files: files).findings.isEmpty)
        #expect(Workspace.load(files: files, retention: .days(365)).findings.isEmpty)
        let found = Workspace.load(files: files, retention: .days(180)).findings
        #expect(found.map(\.message) == ["sales of 365d are asked for, and the log is kept for 180d"])
        #expect(found.first?.line == 9 && found.first?.column == 35, "\(found)")
        var lively = files
        lively["workspace.yaml"]! += "\nhygiene: {sunset: {after: 200d}}"
        let faults = Workspace.load(files: lively, retention: .days(180)).findings.map(\.message)
        #expect(faults.contains("signs of life of 200d are asked for, and the log is kept for 180d"), "\(faults)")
    }

    private static func messages(_ topics: String, _ more: [String: String] = [:]) -> [String] {
        load(topics, more).findings.map { "\($0.file):\($0.line):\($0.column) \($0.message)" }
    }

    @Test func wordingsHaveVersionsAndLanguages() throws {
        let workspace = try #require(
            Self.load(
                """
                  - topic: news
                    title: {en: News, nl: Nieuws}
                    wording: {en: "Yes, news", nl: "Ja, nieuws"}
                    version: 2
                    earlier: [{version: 1, wording: "Yes"}]
                """
            ).workspace)
        let news = try #require(workspace.topic(named: "news"))
        #expect(news.wording(in: "nl-BE")?.text == "Ja, nieuws")
        #expect(news.wording(in: "de")?.text == "Yes, news")
        #expect(news.wording(version: 1, in: "nl")?.text == "Yes")
        #expect(news.wording(version: 3) == nil)
        #expect(news.title?.said(in: "nl").text == "Nieuws")
        #expect(news.confirmation == nil && news.basis == .consent)
    }

    @Test func aVersionThatAnEventNamesGivesItsWords() throws {
        let workspace = try #require(
            Self.load("  - {topic: news, wording: {en: Yes, nl: Ja}, version: 2, double_opt_in: {within: 3d}}")
                .workspace)
        let key = ContactKey(workspace: WorkspaceID(rawValue: 1), contact: UniqueID(high: 0, low: 1))
        func entry(_ name: String, _ properties: [String: JSON]) throws -> ConsentEntry {
            let said = try ConsentStatement(.object(properties.merging(["topic": .string("news")]) { $1 }))
            return workspace.consentEntry(
                said, named: name, of: key, at: Timestamp(seconds: 0), eventID: "e", otherwise: "server")
        }
        let asked = try entry(EventNames.consentGiven, ["version": .int(2), "language": .string("nl-NL")])
        #expect(asked.state == .pending && asked.wording == "Ja" && asked.proof[.language] == "nl")
        #expect(asked.proof.expiresAt == Timestamp(seconds: 3 * 86_400))
        let confirmed = try entry(EventNames.consentConfirmed, ["wording": .string("Ja")])
        #expect(confirmed.state == .given && confirmed.proof.expiresAt == nil)
        #expect(try entry(EventNames.consentGiven, ["source": .string("import: csv")]).state == .given)
        #expect(try entry(EventNames.consentGiven, [:]).wording == nil, "nobody knows what was shown")
        #expect(try entry(EventNames.consentDenied, [:]).state == .denied)
        #expect(try entry(EventNames.consentWithdrawn, [:]).state == .withdrawn)
        let other = try ConsentStatement(.object(["topic": .string("else"), "unconfirmed": .bool(true)]))
        #expect(
            workspace.consentEntry(
                other, named: EventNames.consentGiven, of: key, at: Timestamp(seconds: 0), eventID: "e", otherwise: ""
            ).state == .pending, "what a form takes is never more than a request")
    }

    @Test func aTopicThatIsConfirmedHasAJourneyAndAnEmail() throws {
        let workspace = try #require(Self.load("  - {topic: news, wording: Yes, double_opt_in: true}").workspace)
        let email = try #require(workspace.emails["confirm:news"])
        #expect(email.ground == .transactional && email.own.language == LanguageTag("en"))
        #expect(email.wording.translations.keys.map(\.description) == ["nl"])
        #expect(email.mergeFields.contains("links.confirm"))
        #expect(workspace.journey(named: "confirm:news")?.journey.emailSteps.map(\.template) == ["confirm:news"])
        #expect(workspace.topic(confirmedBy: "confirm:news")?.name == "news")
        let dutch = try #require(
            Self.load("  - {topic: news, wording: Ja, double_opt_in: true}", locale: "nl").workspace)
        #expect(dutch.emails["confirm:news"]?.own.language == LanguageTag("nl"))
    }

    @Test func anEmailOfOnesOwnMustBeAbleToAsk() {
        let topics = "  - {topic: news, wording: Yes, double_opt_in: {email: sure}}"
        #expect(Self.messages(topics).contains { $0.contains("there is no e-mail \"sure\"") })
        let marketing = [
            "emails/sure/email.yaml": "subject: Sure?\ntopic: news",
            "emails/sure/body.txt.mustache": "{{links.unsubscribe}} {{workspace.address}}",
        ]
        let found = Self.messages(topics, marketing)
        #expect(found.contains { $0.contains("asks for consent, and so can rest on none") }, "\(found)")
        #expect(found.contains { $0.contains("nobody could confirm") }, "\(found)")
        let own = [
            "emails/sure/email.yaml": "subject: Sure?\nclass: transactional",
            "emails/sure/body.txt.mustache": "{{links.confirm}}",
        ]
        #expect(Self.messages(topics, own) == [])
    }

    @Test func otherBasesNeedTheirProof() throws {
        let soft = """
              - topic: offers
                wording: Yes
                basis: soft_opt_in
                sale: {event: Order Completed, within: 365d, similar_products: shoes, opt_out: checkout}
            """
        #expect(
            Self.load(soft).workspace?.topic(named: "offers")?.basis
                == .softOptIn(
                    SoftOptIn(
                        event: "Order Completed", within: .days(365), similarProducts: "shoes", optOut: "checkout")))
        #expect(
            Self.messages("  - {topic: o, wording: Yes, basis: legitimate_interest}").contains {
                $0.contains("workspace.yaml:7:5 a topic has no \"balancing_test\"")
            })
        #expect(
            Self.messages(
                "  - {topic: o, wording: Yes, basis: legitimate_interest, balancing_test: {document: L, date: 1}}"
            )
            .contains { $0.contains("\"date\" is a day") })
        #expect(
            Self.messages("  - {topic: o, wording: Yes, basis: soft_opt_in, sale: {event: E, within: 1d}}").contains {
                $0.contains("has no \"opt_out\"")
            })
        #expect(
            Self.messages("  - {topic: o, wording: Yes, sale: {event: E}}").contains {
                $0.contains("goes with \"basis: soft_opt_in\"")
            })
        let both =
            "  - {topic: o, wording: Yes, double_opt_in: true, basis: legitimate_interest, "
            + "balancing_test: {document: LIA-7, date: 2026-03-01}}"
        #expect(Self.messages(both).contains { $0.contains("only consent is confirmed") })
    }

    @Test func aFormAsksForWhatIsConfirmedAlone() throws {
        func form(_ consent: String) -> [String: String] {
            [
                "forms.yaml": """
                forms:
                  - form: news
                    fields: [{field: mail, type: email}, {field: yes, type: checkbox}]
                    consent: \(consent)
                """
            ]
        }
        let topics = "  - {topic: news, wording: Yes, double_opt_in: true}\n  - {topic: offers, wording: Yes}"
        let read = Self.load(topics, form("{topic: news, address: mail, ticked: yes}"))
        #expect(read.findings == [])
        #expect(
            read.workspace?.form(named: "news")?.consent
                == FormDefinition.Consent(topics: ["news"], address: "mail", ticked: "yes"))
        #expect(
            Self.messages(topics, form("{topic: offers, address: mail}")).contains {
                $0.contains("nobody confirms consent to \"offers\"")
            })
        #expect(
            Self.messages(topics, form("{topic: news, address: yes}")).contains {
                $0.hasPrefix("forms.yaml:4:") && $0.contains("field of type email")
            })
    }
}
