import Contracts
import Foundation
import HTTPTypes
import Model
import Networks
import Testing

@testable import Ingestion

@Suite struct ClientFactsTests {
    private static let phone =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 Version/17.1 Mobile/15E148 Safari/604.1"
    private static let robot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

    private func places() throws -> PlaceDatabase {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("places-\(UUID().uuidString).mmdb")
        let amsterdam = PlaceFile.city("NL", "North Holland", "Amsterdam", "Europe/Amsterdam")
        try Data(PlaceFile([("192.0.2.0/24", amsterdam)]).bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try #require(PlaceDatabase(path: file.path))
    }

    private func context(
        _ json: String, _ facts: ClientFacts, _ client: RequestClient = .unknown, batch: Bool = false
    ) throws -> JSON {
        let text = PaddedText(Array(json.utf8))
        let request: TrackingRequest =
            batch
            ? try .batch(
                text, key: publicKey, limits: EdgeLimits(), clients: facts, client: client, freshID: UniqueID.random)
            : try .single(
                text, call: .track, key: publicKey, limits: EdgeLimits(), clients: facts, client: client,
                freshID: UniqueID.random)
        return try JSON(parsing: try #require(request.drafts.first).event.context)
    }

    @Test func aBrowserIsDescribedByItsHeader() throws {
        let client = RequestClient(agent: Self.phone, address: NetworkAddress("192.0.2.7"))
        let context = try context(#"{"userId":"u","event":"E"}"#, ClientFacts(places: try places()), client)
        #expect(
            context
                == .object([
                    "device": .object(["type": .string("mobile")]),
                    "os": .object(["name": .string("iOS"), "version": .string("17.1")]),
                    "browser": .object(["name": .string("Safari"), "version": .string("17.1")]), "bot": .bool(false),
                    "location": .object([
                        "country": .string("NL"), "region": .string("North Holland"), "city": .string("Amsterdam"),
                        "timezone": .string("Europe/Amsterdam"),
                    ]),
                ]))
    }

    /// Servers pass on what they know of their visitors; what they say comes first.
    @Test func whatTheSenderSaysStands() throws {
        let said = #"""
            {"userId":"u","event":"E","context":{"ip":"192.0.2.9","userAgent":"\#(Self.phone)","os":{"name":"Own"},
            "device":null}}
            """#
        let context = try context(said, ClientFacts(places: try places()))
        #expect(context["ip"] == .string("192.0.2.9"))
        #expect(context["os"] == .object(["name": .string("Own")]))
        #expect(context["device"] == .null)
        #expect(context["browser"]?["name"] == .string("Safari"))
        #expect(context["location"]?["country"] == .string("NL"))
    }

    @Test func theContextOfABatchIsCompletedToo() throws {
        let batch = #"""
            {"context":{"userAgent":"\#(Self.phone)","bot":true},"batch":[{"type":"track","userId":"u","event":"E"}]}
            """#
        let context = try context(batch, ClientFacts(), batch: true)
        #expect(context["device"]?["type"] == .string("mobile"))
        #expect(context["bot"] == .bool(true))
    }

    /// Of repeated members the last counts.
    @Test func aRepeatedContextForgetsTheFirst() throws {
        let json = #"{"userId":"u","event":"E","context":{"os":{}},"context":{"userAgent":"\#(Self.phone)"}}"#
        #expect(try context(json, ClientFacts())["os"]?["name"] == .string("iOS"))
    }

    @Test func addressesWithoutAPlaceAndWithoutAFileSayNothing() throws {
        let elsewhere = RequestClient(agent: nil, address: NetworkAddress("198.51.100.1"))
        let json = #"{"userId":"u","event":"E","context":{ }}"#
        #expect(try context(json, ClientFacts(places: try places()), elsewhere) == .object([:]))
        #expect(try context(json, ClientFacts(), elsewhere) == .object([:]))
        #expect(PlaceDatabase(path: "/nowhere") == nil)
        let six = RequestClient(agent: nil, address: NetworkAddress("2001:db8::1"))
        #expect(try context(json, ClientFacts(places: try places()), six) == .object([:]))
    }

    @Test func robotsAreMarkedOrRejected() throws {
        let client = RequestClient(agent: Self.robot, address: nil)
        let json = #"{"userId":"u","event":"E"}"#
        #expect(try context(json, ClientFacts(), client)["bot"] == .bool(true))
        #expect(throws: EdgeError(.invalid, "the user agent is a robot's", field: "context.userAgent")) {
            try context(json, ClientFacts(bots: .reject), client)
        }
    }

    @Test func whatIsRememberedIsBounded() {
        let remembered = Remembered<Int, Int>(capacity: 10)
        for round in 0..<3 {
            for key in 0..<100 { #expect(remembered.value(of: key) { $0 * 2 } == key * 2, "\(round)") }
        }
    }
}

@Suite struct ClientRouteTests {
    private static let track = #"{"userId":"u","event":"E"}"#

    @Test func aPublicKeysConnectionIsTheVisitors() async throws {
        let edge = TestEdge()
        _ = try await edge.post("/v1/t", Self.track, key: "public", [.userAgent: "curl/8.5.0"])
        _ = try await edge.post("/v1/track", Self.track, key: "server", [.userAgent: "python-requests/2.31"])
        let contexts = try edge.sink.events.map { try JSON(parsing: $0.context) }
        #expect(contexts == [.object(["bot": .bool(true)]), .object([:])])
    }
}
