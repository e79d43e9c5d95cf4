import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Model
import NIOCore
import Testing

@testable import Ingestion

@Suite struct BrowserAccessTests {
    private func ask(
        _ path: String, _ method: HTTPRequest.Method, _ headers: HTTPFields = [:], origins: AllowedOrigins = .all,
        body: String = ""
    ) async throws -> (status: Int, headers: HTTPFields, body: String) {
        var edge = TestEdge()
        edge.settings.origins = origins
        return try await edge.run { client in
            try await client.execute(uri: path, method: method, headers: headers, body: ByteBuffer(string: body)) {
                (Int($0.status.code), $0.headers, String(buffer: $0.body))
            }
        }
    }

    private static let preflight: HTTPFields = [
        .origin: "https://shop.example", .accessControlRequestMethod: "POST",
        .accessControlRequestHeaders: "authorization,content-type",
    ]

    @Test func aPreflightIsAnswered() async throws {
        let answer = try await ask("/v1/batch", .options, Self.preflight)
        #expect(answer.status == 204)
        #expect(answer.headers[.accessControlAllowOrigin] == "*")
        #expect(answer.headers[.accessControlAllowMethods] == "POST")
        #expect(answer.headers[.accessControlAllowHeaders]?.contains("Authorization") == true)
        #expect(answer.headers[.accessControlMaxAge] != nil)
    }

    @Test func refusalsCanBeReadToo() async throws {
        let answer = try await ask("/v1/track", .post, [.origin: "https://shop.example"], body: "{}")
        #expect(answer.status == 401)
        #expect(answer.headers[.accessControlAllowOrigin] == "*")
        #expect(answer.headers[.accessControlAllowCredentials] == nil)
    }

    @Test func onlyNamedOriginsMayCall() async throws {
        let origins = try #require(AllowedOrigins("https://shop.example, https://www.shop.example:8443"))
        let known = try await ask("/v1/batch", .options, Self.preflight, origins: origins)
        #expect(known.headers[.accessControlAllowOrigin] == "https://shop.example")
        #expect(known.headers[.vary] == "Origin")
        var headers = Self.preflight
        headers[.origin] = "https://evil.example"
        let stranger = try await ask("/v1/batch", .options, headers, origins: origins)
        #expect(stranger.headers[.accessControlAllowOrigin] == nil)
        #expect(stranger.headers[.vary] == "Origin")
    }

    @Test(arguments: ["", "shop.example", "https://shop.example/path", "https://*", "ftp://shop.example", "https://"])
    func otherTextsAreNoOrigins(text: String) { #expect(AllowedOrigins(text) == nil) }

    @Test func aPathNamesItsMethods() async throws {
        for (path, method, allowed) in [
            ("/v1/track", HTTPRequest.Method.get, "POST"), ("/u/x", .delete, "GET, HEAD, POST"),
            ("/loods.js", .post, "GET, HEAD"), ("/v1/batch", .options, "POST"),
        ] {
            let answer = try await ask(path, method)
            #expect(answer.status == 405)
            #expect(answer.headers[.allow] == allowed)
            #expect(try JSON(parsing: Array(answer.body.utf8))["code"] == .string("method_not_allowed"))
        }
    }

    @Test func nothingIsSaidInJSONToo() async throws {
        let answer = try await ask("/nowhere", .get)
        #expect(answer.status == 404)
        #expect(try JSON(parsing: Array(answer.body.utf8))["code"] == .string("not_found"))
    }
}

@Suite struct AssetTests {
    @Test func theScriptIsSmallAndCached() async throws {
        #expect(AssetRoutes.script.packedSize <= 4096)
        try await TestEdge().run { client in
            let plain = try await client.execute(uri: "/loods.js", method: .get) { $0 }
            #expect(plain.status == .ok)
            #expect(plain.headers[.contentType] == "text/javascript; charset=utf-8")
            #expect(plain.headers[.cacheControl] == "public, max-age=3600")
            #expect(String(buffer: plain.body).hasPrefix("/* loods.js"))
            let packed = try await client.execute(uri: "/loods.js", method: .get, headers: [.acceptEncoding: "gzip"]) {
                $0
            }
            #expect(packed.headers[.contentEncoding] == "gzip")
            #expect(packed.headers[.eTag] != plain.headers[.eTag])
            let inflated = try Gunzip.inflate(Array(packed.body.readableBytesView)[...], limit: 100_000, ratio: 100)
            #expect(inflated == Array(plain.body.readableBytesView))
            let tag = try #require(plain.headers[.eTag])
            let known = try await client.execute(uri: "/loods.js", method: .get, headers: [.ifNoneMatch: tag]) { $0 }
            #expect(known.status == .notModified)
            #expect(known.body.readableBytes == 0)
            let head = try await client.execute(uri: "/loods.js", method: .head) { $0 }
            #expect(head.status == .ok)
            #expect(head.body.readableBytes == 0)
        }
    }
}
