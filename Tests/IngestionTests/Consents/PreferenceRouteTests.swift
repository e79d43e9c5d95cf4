import Contracts
import HTTPTypes
import Links
import Model
import Store
import Testing

@testable import Ingestion

/// The page on which contacts choose what they hear.
@Suite struct PreferenceRouteTests {
    private static let link = Link.preferences(ConsentPages.origin, language: "")
    private static let shown =
        "shown=news+email&shown=news+site&shown=offers+email&shown=tracking+email"

    @Test func itShowsWhatIsOnInTheReadersLanguage() async throws {
        let pages = try ConsentPages([ConsentPages.line(.given)])
        let answer = try await pages.ask(try pages.path(Self.link), language: "fr, nl-BE;q=0.8")
        #expect(answer.status == 200 && answer.body.contains("<html lang=\"nl\">"))
        #expect(answer.body.contains("<legend>Nieuws</legend>") && answer.body.contains("Tea &amp; Co"))
        #expect(
            answer.body.contains("value=\"news email\" checked") && answer.body.contains("value=\"news site\" checked"))
        #expect(answer.body.contains("value=\"offers email\" checked"), "it goes until they object")
        #expect(answer.body.contains("value=\"tracking email\">"), "nobody was asked for it")
        #expect(pages.edge.sink.events.isEmpty)
        let english = try await pages.ask(try pages.path(.preferences(ConsentPages.origin, language: "en-GB")))
        #expect(english.body.contains("<html lang=\"en\">") && english.body.contains("Yes, &lt;news&gt;"))
    }

    @Test func whatIsTickedIsGivenWithTheWordsThatWereShown() async throws {
        let pages = try ConsentPages([])
        let body = "\(Self.shown)&on=news+email&on=news+site&on=offers+email&act=save"
        let answer = try await pages.ask(try pages.path(Self.link), .post, body, language: "nl")
        #expect(answer.status == 200 && answer.body.contains("Uw keuzes zijn opgeslagen"), "\(answer)")
        #expect(answer.body.contains("value=\"news email\" checked"))
        let given = try pages.edge.sink.events.map { try ConsentStatement(try JSON(parsing: $0.properties)) }
        #expect(given.map { "\($0.topic) \($0.channel)" } == ["news email", "news site"])
        #expect(pages.edge.sink.events.allSatisfy { $0.name == EventNames.consentConfirmed && $0.trust == .system })
        #expect(given.allSatisfy { $0.source == "preference page" && $0.wording == "Ja, nieuws" })
        #expect(given.allSatisfy { $0.address == "Anne@example.com" && $0.proof.version == 2 })
    }

    @Test func theSameChoiceTwiceIsOneEvent() async throws {
        let pages = try ConsentPages([])
        for _ in 0..<2 {
            _ = try await pages.ask(try pages.path(Self.link), .post, "shown=news+email&on=news+email&act=save")
        }
        #expect(Set(pages.edge.sink.events.map(\.eventID)).count == 1)
    }

    @Test func whatNobodySawIsNotChanged() async throws {
        let pages = try ConsentPages([ConsentPages.line(.given)])
        let answer = try await pages.ask(
            try pages.path(Self.link), .post, "shown=offers+email&on=offers+email&act=save")
        #expect(answer.status == 200 && pages.edge.sink.events.isEmpty)
        #expect(answer.body.contains("value=\"news email\" checked"))
    }

    @Test func whatIsTakenBackIsNeverAnsweredAsDoneWhereItIsNot() async throws {
        // Neither the store nor the broker of this edge's desk is there.
        let pages = try ConsentPages([ConsentPages.line(.given)])
        let answer = try await pages.ask(try pages.path(Self.link), .post, "\(Self.shown)&act=nothing", language: "en")
        #expect(answer.status == 503 && answer.body.contains("Please try again"))
    }

    @Test func anotherBodyIsRefused() async throws {
        let pages = try ConsentPages([])
        for body in ["", "act=all", "List-Unsubscribe=One-Click"] {
            #expect(try await pages.ask(try pages.path(Self.link), .post, body).status == 400, "\(body)")
        }
    }

    @Test func whoeverIsGoneHasNoPage() async throws {
        let pages = try ConsentPages([])
        let other = LinkOrigin(contact: ConsentPages.origin.contact, message: UniqueID(high: 9, low: 9))
        #expect(try await pages.ask(try pages.path(.preferences(other, language: ""))).status == 404)
        let away = try ConsentPages(nil)
        #expect(try await away.ask(try away.path(Self.link)).status == 503)
    }
}
