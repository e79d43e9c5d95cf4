import HTTPTypes
import Links
import Testing

@testable import Ingestion

/// The pages of leaving a topic, in their readers' language.
@Suite struct UnsubscribePageTests {
    private static let link = Link.unsubscribe(ConsentPages.origin, topic: "news")

    @Test func theyAreInTheMailsLanguageAndNameTheTopicInIt() async throws {
        let pages = try ConsentPages([])
        let path = try pages.path(Self.link) + "?l=nl-BE"
        let shown = try await pages.ask(path, language: "en")
        #expect(shown.status == 200 && shown.body.contains("<html lang=\"nl\">"), "\(shown.body)")
        #expect(shown.body.contains("U krijgt mail over <strong>Nieuws</strong>."))
        #expect(shown.body.contains(">Afmelden</button>"))
        let unsafe = try await pages.ask(path, .post, "confirm=yes")
        #expect(unsafe.status == 503 && unsafe.body.contains("Probeer het opnieuw"), "\(unsafe.body)")
    }

    @Test func withoutALanguageTheBrowsersCounts() async throws {
        let pages = try ConsentPages([])
        let path = try pages.path(Self.link)
        #expect(try await pages.ask(path, language: "nl, en;q=0.5").body.contains("Afmelden"))
        for unknown in [path, path + "?l=tlh", path + "?l=%3Cscript%3E", path + "?l="] {
            let shown = try await pages.ask(unknown)
            #expect(shown.body.contains("You get mail about <strong>News</strong>."), "\(unknown)")
        }
        let missing = try await pages.ask("/u/x?l=nl")
        #expect(missing.status == 404 && missing.body.contains("Niet gevonden"))
    }

    @Test(arguments: PageWords.all) func whatBecameOfItIsSaidOfTheTopic(_ words: PageWords) {
        #expect(words.leaveQuestion.contains("{topic}"))
        #expect(words.left(.applied).contains("{topic}") && words.left(.recorded).contains("{topic}"))
        #expect(words.left(.applied) != words.left(.recorded))
    }
}
