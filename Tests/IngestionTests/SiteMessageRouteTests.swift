import Contracts
import Foundation
import HTTPTypes
import HummingbirdTesting
import Links
import Model
import NIOCore
import Store
import Testing
import Workspaces

@testable import Ingestion

/// What lies ready for a visitor is given to the visitor's own browser, and to nobody else.
@Suite struct SiteMessageRouteTests {
    static let visitor = "0f8fad5b-d9cb-469f-a165-70867728950e"
    static let anne = ContactKey(
        workspace: publicKey.workspace, contact: Identity(.user, "anne").subjectID(in: publicKey.workspace))
    static let message = UniqueID.derived("test", "a site message")

    /// A message for one visitor, until it has been shown.
    static func edge(
        said: SiteMessage = SiteMessage(text: "Our plans", link: .init(text: "See", url: "/plans")),
        noteShown: @escaping @Sendable (UniqueID, ContactKey) async throws -> Void = { _, _ in }
    ) -> TestEdge {
        var edge = TestEdge()
        let owner = ContactKey(
            workspace: publicKey.workspace,
            contact: Identity(.anonymous, visitor).subjectID(in: publicKey.workspace))
        edge.settings.siteMessages = SiteMessages { asked in
            guard asked == owner else { return nil }
            return SiteMessages.Offer(
                contact: anne, message: message, journey: "visit", step: "plans", plannedAt: receipt - .days(3),
                said: said)
        } noteShown: { shown in
            for each in shown { try await noteShown(each.message, each.contact) }
        }
        return edge
    }

    private func ask(
        _ edge: TestEdge = Self.edge(), key: String = "public", visitor: String = Self.visitor
    ) async throws -> (status: Int, body: JSON, headers: HTTPFields) {
        try await edge.post(
            "/v1/site-message", #"{"writeKey": "\#(key)", "anonymousId": "\#(visitor)"}"#, key: nil,
            [.contentType: "text/plain", .origin: "https://shop.example"])
    }

    @Test func aVisitorIsGivenWhatIsTheirs() async throws {
        let answer = try await ask()
        #expect(answer.status == 200)
        #expect(answer.body["text"] == .string("Our plans"))
        #expect(answer.body["link"] == .object(["text": .string("See"), "url": .string("/plans")]))
        #expect(answer.body["id"] == .string(Self.message.description))
        #expect(Set(answer.body.object?.keys.map { $0 } ?? []) == ["id", "text", "link", "token"])
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.headers[.accessControlAllowOrigin] == "*")
    }

    @Test(arguments: [
        "anne", "11111111-1111-1111-1111-111111111111", "0f8fad5bd9cb469fa16570867728950f", "a@b.example",
        "0f8fad5b-d9cb-469f-a165-70867728950E0f8fad5b-d9cb-469f-a165-70867728950e0",
    ])
    func nobodyElseIs(visitor: String) async throws {
        let answer = try await ask(visitor: visitor)
        #expect(answer.status == 204)
        #expect(answer.body == .null)
    }

    @Test(arguments: ["server", "nobody"]) func aSiteAsksWithAPublicKey(key: String) async throws {
        #expect(try await ask(key: key).status == 401)
    }

    /// Neither a store that is away nor a key that it cannot tell is a fault that a page would have to deal with.
    @Test func whileTheStoreIsAwayThereIsNothing() async throws {
        var edge = Self.edge()
        #expect(try await ask(edge, key: "away").status == 204)
        edge.settings.siteMessages = SiteMessages { _ in
            throw TestEdge.Away()
        } noteShown: { _ in
        }
        #expect(try await ask(edge).status == 204)
    }

    @Test(arguments: [
        #"{}"#, #"{"writeKey": "public"}"#, #"{"writeKey": "public", "anonymousId": 7}"#, "x",
        #"{"writeKey": "public", "anonymousId": "a", "userId": "anne"}"#,
    ])
    func whatIsAskedOtherwiseIsRefused(body: String) async throws {
        let answer = try await Self.edge().post("/v1/site-message", body, key: nil)
        #expect([400, 401].contains(answer.status))
    }

    @Test func anAddressAsksSoOftenAndNoMore() async throws {
        var limited = TestEdge(addressRate: 2)
        limited.settings.siteMessages = Self.edge().settings.siteMessages
        let body = #"{"writeKey": "public", "anonymousId": "\#(Self.visitor)"}"#
        let post = "POST /v1/site-message HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        try await limited.listening { port in
            let connection = try await RawConnection(port: port)
            var answers: [String] = []
            while answers.count < 20, answers.last?.hasPrefix("HTTP/1.1 200") ?? true {
                answers.append(try await connection.exchange(Array(post.utf8)))
            }
            #expect(answers.count > 1 && answers.count < 20)
            #expect(answers.last?.contains("429") == true && answers.last?.contains("rate_limited") == true)
            try await connection.close()
        }
    }

    /// Who comes while another is looked up for is given nothing, and need not wait.
    @Test func oneIsLookedUpForAtATime() async throws {
        let (lookups, lookup) = AsyncStream.makeStream(of: Void.self)
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let messages = SiteMessages { _ in
            lookup.yield()
            for await _ in ends { break }
            throw TestEdge.Away()
        } noteShown: { _ in
        }
        let first = Task { try await messages.findAtOnce(for: Self.anne) }
        for await _ in lookups { break }
        #expect(try await messages.findAtOnce(for: Self.anne) == nil)
        end.yield()
        await #expect(throws: TestEdge.Away.self) { _ = try await first.value }
        end.yield()
        await #expect(throws: TestEdge.Away.self) { _ = try await messages.findAtOnce(for: Self.anne) }
    }

    private func report(_ edge: TestEdge, _ token: String, _ what: String) async throws -> Int {
        try await edge.post(
            "/v1/site-message/seen", #"{"token": "\#(token)", "what": "\#(what)"}"#, key: nil,
            [.contentType: "text/plain"]
        ).status
    }

    /// However often it is reported it is one event, and the store is told.
    @Test func whatBecameOfItIsAnEvent() async throws {
        let noted = Noted()
        let edge = Self.edge { message, contact in await noted.note(message, contact) }
        let token = try #require(try await ask(edge).body["token"]?.string)
        for what in ["shown", "shown", "clicked", "clicked"] { #expect(try await report(edge, token, what) == 204) }
        let events = edge.sink.events
        #expect(
            events.map(\.name) == [
                "Site Message Shown", "Site Message Shown", "Site Message Clicked", "Site Message Clicked",
            ])
        #expect(Set(events.map(\.eventID)).count == 2)
        #expect(events.allSatisfy { $0.sentTime == receipt - .days(3) && $0.at == receipt && $0.trust == .system })
        #expect(events.allSatisfy { $0.subjectID == Self.anne.contact })
        let said = try JSON(parsing: events[0].properties)
        #expect(
            said
                == .object([
                    "message_id": .string(Self.message.description), "journey": .string("visit"),
                    "step": .string("plans"),
                ]))
        #expect(await noted.messages == [Self.message, Self.message])
        #expect(await noted.contacts == [Self.anne, Self.anne])
    }

    @Test func withoutTheStoreItIsAnEventAllTheSame() async throws {
        let edge = Self.edge { _, _ in throw TestEdge.Away() }
        let token = try #require(try await ask(edge).body["token"]?.string)
        #expect(try await report(edge, token, "shown") == 204)
        #expect(edge.sink.events.count == 1)
    }

    @Test func nobodyMakesSuchEvents() async throws {
        let edge = Self.edge()
        let token = try #require(try await ask(edge).body["token"]?.string)
        #expect(try await report(edge, "", "shown") == 400)
        for forged in ["x", token.dropLast(2) + "AA", token.replacing("1.", with: "2.", maxReplacements: 1)] {
            #expect(try await report(edge, String(forged), "shown") == 404)
        }
        #expect(try await report(edge, token, "eaten") == 400)
        // A link of a mail is none of a site's, whatever it says.
        let other = try edge.signer.sign(.open(LinkOrigin(contact: Self.anne, message: Self.message)))
        #expect(try await report(edge, other, "shown") == 404)
        let track = #"{"anonymousId": "a", "event": "Site Message Shown"}"#
        #expect(try await edge.post("/v1/track", track, key: "public").status == 400)
        #expect(edge.sink.events.isEmpty)
    }

    private actor Noted {
        var messages: [UniqueID] = []
        var contacts: [ContactKey] = []

        func note(_ message: UniqueID, _ contact: ContactKey) {
            messages.append(message)
            contacts.append(contact)
        }
    }
}
