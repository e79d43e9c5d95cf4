import Contracts
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Links
import Logging
import Messaging
import Model
import Postgres
import Store
import Testing
import Transit

@testable import Ingestion

/// The whole edge over its router, with a broker in memory and without a database.
struct TestEdge {
    let sink = RecordingSink()
    let signer = try! LinkSigner(secrets: [LinkSecret(id: "k1", bytes: Array(0..<32))])
    /// Without a store behind it, so that each limit is this process's alone.
    let shared: SharedLimits
    let gate: Gatekeeper
    var settings = EdgeSettings()

    struct Away: Error {}

    init(addressRate: Int? = nil, proxies: TrustedProxies = .none) {
        let still = ContinuousClock.now
        shared = SharedLimits(clock: MachineClock { receipt }, now: { still }, logger: silent) { _, _, _ in throw Away()
        }
        gate = Gatekeeper(
            shared: shared, addresses: AddressLimits(rate: addressRate, now: { still }), proxies: proxies,
            logger: silent)
    }

    /// Keys are `server`, `public`, `slow` (of three events a second), `small` (of a quota of two), and `away`, which the
    /// store cannot tell.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Result
    ) async throws -> Result {
        let groups = groups(sink) { $0.patience = .milliseconds(20) }
        let (keys, desk) = try behind()
        let responder = Edge.router(
            keys: keys, gate: gate, groups: groups, signer: signer, desk: desk, settings: settings, logger: silent
        ).buildResponder()
        return try await publishing(groups) {
            try await Application(responder: responder, logger: silent).test(.router) { client in
                try await body(client)
            }
        }
    }

    /// As `POST /v1/track` or `GET /c/{token}`.
    func routes() throws -> [String] {
        let (keys, desk) = try behind()
        let router = Edge.routes(
            keys: keys, gate: gate, groups: groups(sink), signer: signer, desk: desk, settings: settings, logger: silent
        )
        return router.routes.map { route in
            let parts = route.path.description.split(separator: "/").map { part in
                part.hasPrefix(":") ? "{\(part.dropFirst())}" : String(part)
            }
            return "\(route.method.rawValue) /\(parts.joined(separator: "/"))"
        }
    }

    /// The edge as a server of its own, on a port that the system chooses.
    func edge(groups: EventGroups, logger: Logger) throws -> Edge {
        let (keys, desk) = try behind()
        return Edge(
            host: "127.0.0.1", port: 0, keys: keys, gate: gate, groups: groups, signer: signer, desk: desk,
            settings: settings, logger: logger)
    }

    /// What stands behind the routes: neither store nor broker is there.
    private func behind() throws -> (KeyRing, WithdrawalDesk) {
        let keys = KeyRing { hash in
            switch hash {
            case sha256("server"): serverKey
            case sha256("public"): publicKey
            case sha256("slow"): slowKey
            case sha256("small"): smallKey
            case sha256("away"): throw Away()
            default: nil
            }
        }
        // Nothing listens on port 1.
        let pool = PostgresPool(
            try PostgresConfiguration(url: "postgres://nobody@127.0.0.1:1/none", applicationName: "test"),
            logger: silent)
        let publisher = Publisher(
            try BrokerConfiguration(url: "amqp://guest:guest@127.0.0.1:1/", connectionName: "test"), logger: silent,
            timeout: .milliseconds(10))
        let desk = WithdrawalDesk(
            pool: pool, publisher: publisher, relay: OutboxRelay(pool: pool, publisher: publisher, logger: silent),
            mode: .real, clock: .host, logger: silent)
        return (keys, desk)
    }

    func post(
        _ path: String, _ body: String, key: String? = "server", _ headers: HTTPFields = [:]
    ) async throws -> (status: Int, body: JSON, headers: HTTPFields) {
        try await post(path, Array(body.utf8), key: key, headers)
    }

    func post(
        _ path: String, _ body: [UInt8], key: String? = "server", _ headers: HTTPFields = [:]
    ) async throws -> (status: Int, body: JSON, headers: HTTPFields) {
        var headers = headers
        if let key { headers[.authorization] = "Basic " + Data("\(key):".utf8).base64EncodedString() }
        let all = headers
        return try await run { client in
            try await client.execute(uri: path, method: .post, headers: all, body: ByteBuffer(bytes: body)) { answer in
                (Int(answer.status.code), (try? JSON(parsing: answer.body.readableBytesView)) ?? .null, answer.headers)
            }
        }
    }
}

private func sha256(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

private let track = "{\"userId\":\"u\",\"event\":\"E\",\"messageId\":\"m\"}"

@Suite struct TrackingRouteTests {
    private let edge = TestEdge()

    @Test func anAcceptedCallIsAnsweredWithSuccess() async throws {
        let answer = try await edge.post("/v1/track", track)
        #expect(answer.status == 200)
        #expect(answer.body == .object(["success": .bool(true)]))
        #expect(edge.sink.events.map(\.eventID) == ["m"])
        #expect(edge.sink.events.map(\.trust) == [.server])
    }

    @Test func aBatchListsWhatItRejects() async throws {
        let answer = try await edge.post(
            "/v1/batch",
            "{\"batch\":[{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\"},{\"type\":\"track\",\"userId\":\"u\"}]}")
        #expect(answer.status == 200)
        #expect(
            answer.body
                == .object([
                    "success": .bool(true),
                    "rejected": .array([
                        .object([
                            "index": .int(1), "field": .string("event"), "code": .string("missing"),
                            "message": .string("the event's name is missing"),
                        ])
                    ]),
                ]))
        #expect(edge.sink.events.count == 1)
    }

    @Test func aSingleCallNamesTheFieldAtFault() async throws {
        let answer = try await edge.post("/v1/track", "{\"userId\":\"u\"}")
        #expect(answer.status == 400)
        #expect(
            answer.body
                == .object([
                    "code": .string("invalid"), "field": .string("event"),
                    "message": .string("the event's name is missing"),
                ]))
        #expect(edge.sink.events.isEmpty)
    }

    @Test func keysAreTakenFromHeaderOrBody() async throws {
        let inBody = "{\"userId\":\"u\",\"event\":\"E\",\"writeKey\":\"public\"}"
        #expect(try await edge.post("/v1/track", inBody, key: nil).status == 200)
        #expect(edge.sink.events.map(\.trust) == [.publicKey])
        #expect(try await edge.post("/v1/track", inBody, key: "server").status == 200)
        #expect(edge.sink.events.map(\.trust) == [.publicKey, .server])
        #expect(try await edge.post("/v1/batch", "{\"batch\":[],\"writeKey\":\"public\"}", key: nil).status == 200)
    }

    @Test func whoHasNoKeyIsRefused() async throws {
        for (key, body) in [(nil, track), ("wrong", track), (nil, "{\"event\":\"E\",\"writeKey\":\"wrong\"}")] {
            let answer = try await edge.post("/v1/track", body, key: key)
            #expect(answer.status == 401)
            #expect(answer.headers[.wwwAuthenticate] != nil)
        }
        #expect(try await edge.post("/v1/track", track, key: nil, [.authorization: "Bearer x"]).status == 401)
        #expect(try await edge.post("/v1/track", track, key: nil, [.authorization: "Basic !"]).status == 401)
    }

    /// Whoever has no key must not be able to bring the service down: these are read before anything is known of them.
    @Test(
        arguments: TrackingTextTests.unfit.map(\.value) + [
            "\"\\ud800  $$$$\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud83d\\ude00\"",
        ])
    func aKeyThatIsNoTextIsRefused(value: String) async throws {
        #expect(try await edge.post("/v1/track", "{\"writeKey\":\(value)}", key: nil).status == 401)
        #expect(try await edge.post("/v1/batch", "{\"batch\":[],\"writeKey\":\(value)}", key: nil).status == 401)
    }

    @Test func aKeyThatCannotBeCheckedIsNotRefusedForGood() async throws {
        let answer = try await edge.post("/v1/track", track, key: "away")
        #expect(answer.status == 503)
        #expect(answer.headers[.retryAfter] != nil)
    }

    @Test func anEventThatIsNotSafeIsNotAnsweredWithSuccess() async throws {
        edge.sink.answer(.fail)
        let answer = try await edge.post("/v1/track", track)
        #expect(answer.status == 503)
        #expect(answer.body["code"] == .string("unavailable"))
        #expect(answer.headers[.retryAfter] != nil)
    }

    @Test func gzipIsInflatedAndOtherEncodingsAreNot() async throws {
        #expect(try await edge.post("/v1/track", gzipped(Array(track.utf8)), [.contentEncoding: "gzip"]).status == 200)
        #expect(try await edge.post("/v1/track", Array(track.utf8), [.contentEncoding: "identity"]).status == 200)
        for encoding in ["br", "zstd", "deflate", "gzip, gzip", "gzip, identity"] {
            #expect(try await edge.post("/v1/track", track, [.contentEncoding: encoding]).status == 415)
        }
        let bomb = gzipped(Array(repeating: 0x20, count: 5_000_000))
        #expect(try await edge.post("/v1/track", bomb, [.contentEncoding: "gzip"]).status == 413)
        #expect(try await edge.post("/v1/track", track, [.contentEncoding: "gzip"]).status == 400)
    }

    @Test func largeBodiesAreRefused() async throws {
        let body = Array(repeating: UInt8(ascii: " "), count: 512_001)
        #expect(try await edge.post("/v1/batch", body).status == 413)
    }

    @Test func otherPathsAreNotFound() async throws {
        #expect(try await edge.post("/v1/delete", track).status == 404)
    }

    /// 18 requests of the unmodified analytics-python, the write key replaced in header and body.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["LOODS_TEST_DATA"] != nil, "LOODS_TEST_DATA is not set"))
    func whatARealClientSendsIsAccepted() async throws {
        let folder = try #require(ProcessInfo.processInfo.environment["LOODS_TEST_DATA"])
        let lines = try String(contentsOfFile: folder + "/segment-requests/requests.jsonl", encoding: .utf8)
        var events = 0
        for line in lines.split(separator: "\n") {
            let recorded = try JSON(parsing: Array(line.utf8))
            let bytes = try #require(Data(base64Encoded: recorded["body_base64"]?.string ?? ""))
            var headers = HTTPFields()
            var body = Array(bytes)
            if recorded["headers"]?["Content-Encoding"] != nil {
                headers[.contentEncoding] = "gzip"
                body = try Gunzip.inflate(body[...], limit: 512_000, ratio: 100)
            }
            let text = String(decoding: body, as: UTF8.self).replacing("WRITEKEY", with: "server")
            let sent = headers[.contentEncoding] == nil ? Array(text.utf8) : gzipped(Array(text.utf8))
            let answer = try await edge.post(try #require(recorded["path"]?.string), sent, headers)
            #expect(answer.status == 200)
            #expect(answer.body == .object(["success": .bool(true)]))
            events += try JSON(parsing: Array(text.utf8))["batch"]?.array?.count ?? 0
        }
        #expect(events > 1200)
        #expect(edge.sink.events.count == events)
    }
}

@Suite struct LinkRouteTests {
    private let edge = TestEdge()
    static let anyOrigin = LinkOrigin(
        contact: ContactKey(workspace: WorkspaceID(rawValue: 3), contact: .derived("test", "c")),
        message: .derived("test", "m"))
    private let origin = anyOrigin

    private func request(
        _ path: String, _ method: HTTPRequest.Method = .get, _ headers: HTTPFields = [:], body: String = ""
    ) async throws -> (status: Int, body: String, headers: HTTPFields) {
        try await edge.run { client in
            try await client.execute(uri: path, method: method, headers: headers, body: ByteBuffer(string: body)) {
                (Int($0.status.code), String(buffer: $0.body), $0.headers)
            }
        }
    }

    @Test func aClickLeadsOnAndCounts() async throws {
        let token = try edge.signer.sign(.click(origin, destination: "https://shop.example/a?b=c"))
        let answer = try await request("/c/\(token)", .get, [.userAgent: "Mail/1.0"])
        #expect(answer.status == 302)
        #expect(answer.headers[.location] == "https://shop.example/a?b=c")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.headers[.referrerPolicy] == "no-referrer")
        let event = try #require(edge.sink.events.first)
        #expect(event.name == "Email Clicked")
        #expect(event.subject == .id(origin.contact.contact))
        #expect(event.workspace == origin.contact.workspace)
        #expect(event.trust == .system)
        #expect(
            try JSON(parsing: event.properties)
                == .object([
                    "message_id": .string(origin.message.description), "url": .string("https://shop.example/a?b=c"),
                    "user_agent": .string("Mail/1.0"), "kind": .string("unknown"),
                ]))
    }

    @Test func aClickLeadsOnWhileTheBrokerIsAway() async throws {
        edge.sink.answer(.fail)
        let token = try edge.signer.sign(.click(origin, destination: "https://shop.example/"))
        #expect(try await request("/c/\(token)").status == 302)
    }

    @Test func everyClickIsAnEventOfItsOwn() async throws {
        let token = try edge.signer.sign(.click(origin, destination: "https://shop.example/"))
        for _ in 0..<3 { _ = try await request("/c/\(token)") }
        #expect(Set(edge.sink.events.map(\.eventID)).count == 3)
    }

    @Test func headCountsNothing() async throws {
        let click = try edge.signer.sign(.click(origin, destination: "https://shop.example/"))
        let open = try edge.signer.sign(.open(origin))
        for (path, status) in [("/c/\(click)", 302), ("/c/x", 404), ("/o/\(open)", 200), ("/u/x", 404)] {
            // As a browser would say it: nobody is behind a HEAD.
            let answer = try await request(path, .head, [.userAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"])
            #expect(answer.status == status)
            #expect(answer.headers[.location] == (status == 302 ? "https://shop.example/" : nil))
            // A body here would be taken for the beginning of the next answer.
            #expect(answer.body.isEmpty)
        }
        #expect(edge.sink.events.isEmpty)
    }

    @Test func anOpenAnswersWithAPixel() async throws {
        let answer = try await request("/o/\(try edge.signer.sign(.open(origin)))")
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "image/gif")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.body.hasPrefix("GIF89a"))
        #expect(edge.sink.events.map(\.name) == ["Email Opened"])
    }

    @Test func aForgedTokenLeadsNowhereAndCountsNothing() async throws {
        let open = try edge.signer.sign(.open(origin))
        for path in ["/c/x", "/c/\(open)", "/u/\(open)", "/c/1.k1.AA.AA"] {
            let answer = try await request(path)
            #expect(answer.status == 404)
            #expect(answer.headers[.location] == nil)
        }
        #expect(try await request("/o/forged").status == 200)
        #expect(edge.sink.events.isEmpty)
    }

    @Test func theUnsubscribePageShowsAndEscapesItsTopic() async throws {
        let token = try edge.signer.sign(.unsubscribe(origin, topic: "<script>\"&'"))
        let answer = try await request("/u/\(token)")
        #expect(answer.status == 200)
        #expect(answer.body.contains("&lt;script&gt;&quot;&amp;&#39;"))
        #expect(!answer.body.contains("<script"))
        #expect(answer.body.contains("method=\"post\""))
        #expect(answer.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'") == true)
        #expect(try await request("/u/\(token)", .head).status == 200)
        #expect(edge.sink.events.isEmpty)
    }

    @Test func anAnswerIsNotGivenBeforeTheWithdrawalIsSafe() async throws {
        let token = try edge.signer.sign(.unsubscribe(origin, topic: "offers"))
        let answer = try await request(
            "/u/\(token)", .post, [.contentType: "application/x-www-form-urlencoded"],
            body: "List-Unsubscribe=One-Click")
        #expect(answer.status == 503)
        #expect(answer.headers[.retryAfter] != nil)
    }

    @Test func aPostThatAsksForNothingChangesNothing() async throws {
        let token = try edge.signer.sign(.unsubscribe(origin, topic: "offers"))
        #expect(try await request("/u/\(token)", .post).status == 400)
    }
}

@Suite struct UnsubscribeFormTests {
    private func form(_ body: String, _ type: String = "application/x-www-form-urlencoded") -> UnsubscribeForm? {
        UnsubscribeForm(Array(body.utf8), type: type)
    }

    @Test func oneClickComesInBothEncodings() {
        #expect(form("List-Unsubscribe=One-Click") == .oneClick)
        #expect(form("List-Unsubscribe=One-Click\r\n") == .oneClick)
        #expect(form("List%2DUnsubscribe=One%2DClick") == .oneClick)
        let parts = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
        #expect(form(parts, "multipart/form-data; boundary=b") == .oneClick)
        #expect(form(parts, "Multipart/Form-Data; charset=utf-8; boundary=\"b\"") == .oneClick)
        #expect(form("List-Unsubscribe=One-Click", "") == .oneClick, "whatever its type is called")
        #expect(form("a=1&List-Unsubscribe=One-Click", "text/plain") == .oneClick)
    }

    @Test func thePagesButtonIsTheOtherWay() {
        #expect(form("confirm=yes") == .page)
    }

    @Test(arguments: ["", "x", "confirm=no", "List-Unsubscribe=", "One-Click", "=&=&", "confirm=yes%FF"])
    func otherBodiesAreNeither(body: String) {
        #expect(form(body) == nil)
        #expect(form(body, "multipart/form-data; boundary=b") == nil)
    }
}
