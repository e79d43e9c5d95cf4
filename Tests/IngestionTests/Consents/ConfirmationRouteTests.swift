import Contracts
import HTTPTypes
import Links
import Model
import Store
import Testing

@testable import Ingestion

/// The second half of a double opt-in, and the form that is the first.
@Suite struct ConfirmationRouteTests {
    private static let link = Link.confirm(ConsentPages.origin, topic: "news", language: "nl")
    private static let asked = ConsentPages.line(.pending, until: receipt + .days(1))

    @Test func followingTheLinkChangesNothing() async throws {
        let pages = try ConsentPages([Self.asked])
        let answer = try await pages.ask(try pages.path(Self.link))
        #expect(answer.status == 200)
        #expect(answer.body.contains("<html lang=\"nl\">") && answer.body.contains("Ja"))
        #expect(!answer.body.contains("Ja, nieuws"), "the words of now are not those that were asked")
        #expect(answer.body.contains("<form method=\"post\">") && answer.body.contains("Bevestigen"))
        #expect(pages.edge.sink.events.isEmpty)
    }

    @Test func theButtonConfirmsWithAllThatProvesIt() async throws {
        let pages = try ConsentPages([Self.asked])
        let answer = try await pages.ask(try pages.path(Self.link), .post, "confirm=yes")
        #expect(answer.status == 200 && answer.body.contains("Bevestigd"))
        let event = try #require(pages.edge.sink.events.first)
        #expect(event.name == EventNames.consentConfirmed && event.trust == .system)
        #expect(event.subjectID == ConsentPages.origin.contact.contact)
        let said = try ConsentStatement(try JSON(parsing: event.properties))
        #expect(said.topic == "news" && said.address == "Anne@example.com" && said.wording == "Ja")
        #expect(said.source == "double opt-in" && said.proof.version == 1 && said.proof[.language] == "nl")
        #expect(said.proof[.requestID] == "asked" && said.proof[.userAgent] == "Firefox")
        #expect(said.proof[.messageID] == ConsentPages.origin.message.description)
        #expect(said.proof[.confirmedAt] == receipt.description)
        #expect(try JSON(parsing: event.context)["traits"]?["email"] == .string("Anne@example.com"))
    }

    @Test func whatIsConfirmedAlreadyIsNotTwice() async throws {
        let pages = try ConsentPages([Self.asked, ConsentPages.line(.given, at: receipt)])
        #expect(try await pages.ask(try pages.path(Self.link), .post, "confirm=yes").status == 200)
        #expect(pages.edge.sink.events.isEmpty)
    }

    @Test func whatHasExpiredOrWasTakenBackIsOver() async throws {
        for lines in [
            [ConsentPages.line(.pending, until: receipt)],
            [Self.asked, ConsentPages.line(.withdrawn, at: receipt)],
            [ConsentPages.line(.pending, "offers", until: receipt + .days(1))], [],
        ] {
            let pages = try ConsentPages(lines)
            #expect(try await pages.ask(try pages.path(Self.link), .post, "confirm=yes").status == 410)
            #expect(pages.edge.sink.events.isEmpty)
        }
    }

    @Test func aRequestAfterAWithdrawalMayBeConfirmed() async throws {
        let pages = try ConsentPages([ConsentPages.line(.withdrawn, at: receipt - .days(9)), Self.asked])
        #expect(try await pages.ask(try pages.path(Self.link), .post, "confirm=yes").status == 200)
        #expect(pages.edge.sink.events.count == 1)
    }

    @Test func withoutTheStoreOneIsAskedToTryAgain() async throws {
        let pages = try ConsentPages(nil)
        let page = try await pages.ask(try pages.path(Self.link))
        #expect(page.status == 200 && page.body.contains("Ja, nieuws"))
        let answer = try await pages.ask(try pages.path(Self.link), .post, "confirm=yes")
        #expect(answer.status == 503 && answer.body.contains("Probeer het"))
    }

    @Test func anotherTokenIsNotFound() async throws {
        let pages = try ConsentPages([Self.asked])
        let other = try pages.edge.signer.sign(.unsubscribe(ConsentPages.origin, topic: "news"))
        for method in [HTTPRequest.Method.get, .post] {
            #expect(try await pages.ask("/confirm/\(other)", method, "confirm=yes").status == 404)
            #expect(try await pages.ask("/preferences/\(other)", method, "act=save").status == 404)
        }
    }

    @Test func aFormMakesARequestAboutTheAddressThatWasTyped() async throws {
        let pages = try ConsentPages([])
        let answer = try await pages.ask(
            "/f/public/sign-up", .post, "mail=New%40Example.com&yes=on", language: "nl-NL,nl;q=0.9")
        #expect(answer.status == 200)
        let events = pages.edge.sink.events
        #expect(events.map(\.name) == [EventNames.formSubmitted, EventNames.consentGiven])
        let event = try #require(events.last)
        #expect(event.subject == .identity(Identity(.email, "New@Example.com")) && event.trust == .system)
        let said = try ConsentStatement(try JSON(parsing: event.properties))
        #expect(said.isUnconfirmed && said.topic == "news" && said.address == "New@Example.com")
        #expect(said.source == "form sign-up" && said.wording == "Ja, nieuws" && said.proof.version == 2)
        #expect(said.proof[.language] == "nl" && said.proof[.userAgent] == "Firefox")
        #expect(events[0].subject != event.subject, "nobody knows that it was the address's owner")
    }

    @Test func whoeverDoesNotTickTheBoxAsksForNothing() async throws {
        let pages = try ConsentPages([])
        #expect(try await pages.ask("/f/public/sign-up", .post, "mail=new%40example.com").status == 200)
        #expect(pages.edge.sink.events.map(\.name) == [EventNames.formSubmitted])
    }
}
