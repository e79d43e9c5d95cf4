import Contracts
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Model
import NIOCore
import Store
import Testing
import Workspaces

@testable import Ingestion

/// `POST /v1/messages` and `POST /v1/journeys`.
@Suite struct MessageRouteTests {
    private static let files = [
        "workspace.yaml":
            "workspace: shop\ntime_zone: UTC\nsender: {name: Shop, address: hello@shop.example}\naddress: Street 1\n",
        "emails/receipt/email.yaml": "{subject: Your receipt, class: transactional, on_request: true}",
        "emails/receipt/body.txt.mustache": "You paid {{event.properties.total}}.\n",
        "emails/secret/email.yaml": "{subject: Not for requests, class: transactional}",
        "emails/secret/body.txt.mustache": "Sent by a journey alone.\n",
        "journeys/trial.yaml": "journey: trial\nenter: {api: true}\nsteps: [{email: secret}]\n",
        "journeys/other.yaml":
            "journey: other\nenter: {event: Order Completed}\nsteps: [{email: secret, step: other}]\n",
    ]

    private let edge: TestEdge

    init() throws {
        let workspace = try #require(Workspace.load(files: Self.files).workspace)
        var edge = TestEdge()
        edge.settings.definitions = LiveDefinitions { $0 == serverKey.workspace ? workspace : nil }
        self.edge = edge
    }

    private func post(
        _ body: String, to path: String = "/v1/messages", key: String? = "one", as name: String? = "server"
    ) async throws -> (status: Int, body: JSON) {
        var headers = HTTPFields()
        headers[.init("Idempotency-Key")!] = key
        headers[.authorization] = name.map { "Basic \(Data("\($0):".utf8).base64EncodedString())" }
        return try await edge.run { [headers] client in
            try await client.execute(
                uri: path, method: .post, headers: headers, body: ByteBuffer(string: body)
            ) { (Int($0.status.code), (try? JSON(parsing: Array($0.body.readableBytesView))) ?? .null) }
        }
    }

    @Test func aRequestBecomesAnEvent() async throws {
        let answer = try await post(
            #"{"template": "receipt", "to": {"userId": "anne", "email": "anne@example.com"}, "data": {"total": 12.5}}"#,
            key: "order-7")
        #expect(answer.status == 202)
        #expect(answer.body == .object(["success": .bool(true)]))
        let event = try #require(edge.sink.events.first)
        #expect(event.name == "Message Requested")
        #expect(event.eventID == "request:receipt:order-7")
        #expect(event.subject == .identity(Identity(.user, "anne")))
        #expect(event.trust == .server && event.sentTime == nil)
        #expect(try JSON(parsing: event.properties) == .object(["total": .double(12.5)]))
        let context = try JSON(parsing: event.context)
        #expect(context["message"]?["template"] == .string("receipt"))
        #expect(context["traits"]?["email"] == .string("anne@example.com"))
    }

    @Test func aRequestToEnterAJourneyBecomesAnEventOfItsOwn() async throws {
        let answer = try await post(
            #"{"journey": "trial", "to": {"userId": "anne"}, "data": {"plan": "pro"}}"#, to: "/v1/journeys", key: "t-1")
        #expect(answer.status == 202)
        let event = try #require(edge.sink.events.first)
        #expect(event.name == "Entry Requested: trial" && event.eventID == "journey:trial:t-1")
        #expect(event.subject == .identity(Identity(.user, "anne")))
        #expect(try JSON(parsing: event.properties) == .object(["plan": .string("pro")]))
    }

    @Test(arguments: [
        (#"{"journey": "other", "to": {"userId": "a"}}"#, 404, "journey"),
        (#"{"journey": "none", "to": {"userId": "a"}}"#, 404, "journey"),
        (#"{"template": "trial", "to": {"userId": "a"}}"#, 400, "template"),
        (#"{"to": {"userId": "a"}}"#, 400, "journey"),
    ])
    func aJourneyThatMayNotBeAskedForIsNamed(body: String, status: Int, field: String) async throws {
        let answer = try await post(body, to: "/v1/journeys")
        #expect(answer.status == status && answer.body["field"] == .string(field), "\(answer)")
        #expect(edge.sink.events.isEmpty)
    }

    @Test func anAddressAloneNamesSomebody() async throws {
        let answer = try await post(#"{"template": "receipt", "to": {"email": "Anne@example.com"}}"#)
        #expect(answer.status == 202)
        #expect(edge.sink.events.first?.subject == .identity(Identity(.email, "Anne@example.com")))
    }

    @Test(
        arguments: [
            (#"{"to": {"userId": "a"}}"#, 400, "template"),
            (#"{"template": 7, "to": {"userId": "a"}}"#, 400, "template"),
            (#"{"template": "receipt"}"#, 400, "to"),
            (#"{"template": "receipt", "to": "anne"}"#, 400, "to"),
            (#"{"template": "receipt", "to": {}}"#, 400, "to"),
            (#"{"template": "receipt", "to": {"userId": null}}"#, 400, "to.userId"),
            (#"{"template": "receipt", "to": {"userId": "a", "phone": "1"}}"#, 400, "to.phone"),
            (#"{"template": "receipt", "to": {"email": "nobody"}}"#, 400, "to.email"),
            (#"{"template": "receipt", "to": {"userId": "a"}, "data": [1]}"#, 400, "data"),
            (#"{"template": "receipt", "to": {"userId": "a"}, "topic": "x"}"#, 400, "topic"),
            (#"{"template": "receipt", "to": {"userId": "a"}, "data": {"a": "\u0000"}}"#, 400, nil),
            (#"{"template": "#, 400, nil),
            ("[]", 400, nil),
            (#"{"template": "secret", "to": {"userId": "a"}}"#, 404, "template"),
            (#"{"template": "none", "to": {"userId": "a"}}"#, 404, "template"),
        ] as [(String, Int, String?)])
    func whatIsWrongIsNamed(body: String, status: Int, field: String?) async throws {
        let answer = try await post(body)
        #expect(answer.status == status)
        #expect(answer.body["field"]?.string == field)
        #expect(answer.body["message"]?.string?.isEmpty == false)
        #expect(edge.sink.events.isEmpty)
    }

    @Test(arguments: [nil, "", "two words", String(repeating: "k", count: 256)])
    func aKeyIsNeeded(key: String?) async throws {
        let answer = try await post(#"{"template": "receipt", "to": {"userId": "a"}}"#, key: key)
        #expect(answer.status == 400)
        #expect(answer.body["field"] == .string("Idempotency-Key"))
    }

    @Test(arguments: [nil, "public", "nobody"])
    func onlyAServerMayAsk(name: String?) async throws {
        let answer = try await post(#"{"template": "receipt", "to": {"userId": "a"}}"#, as: name)
        #expect(answer.status == 401)
        #expect(edge.sink.events.isEmpty)
    }

    /// Else a page that knows a user's id and a key could have the request dropped as a repeat.
    @Test(arguments: [("public", 400), ("server", 200)])
    func noPageTakesTheIDOfARequest(key: String, expected: Int) async throws {
        let headers: HTTPFields = [.authorization: "Basic \(Data("\(key):".utf8).base64EncodedString())"]
        let status = try await edge.run { client in
            try await client.execute(
                uri: "/v1/track", method: .post, headers: headers,
                body: ByteBuffer(string: #"{"userId": "a", "event": "x", "messageId": "request:receipt:order-7"}"#)
            ) { Int($0.status.code) }
        }
        #expect(status == expected)
    }

    /// A page cannot ask for mail by the tracking call either, and nobody says what Loods alone says.
    @Test(arguments: [
        ("public", "Message Requested"), ("public", "Entry Requested: trial"), ("public", "Points Given"),
        ("server", "Points Given"),
    ])
    func theEventIsReserved(key: String, event: String) async throws {
        let headers: HTTPFields = [.authorization: "Basic \(Data("\(key):".utf8).base64EncodedString())"]
        let status = try await edge.run { client in
            try await client.execute(
                uri: "/v1/track", method: .post, headers: headers,
                body: ByteBuffer(string: #"{"anonymousId": "a", "event": "\#(event)"}"#)
            ) { Int($0.status.code) }
        }
        #expect(status == 400)
    }
}
