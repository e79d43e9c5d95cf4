import Outbound
import TestSupport
import Testing

@Suite struct OutboundClientTests {
    private func target(_ sink: HTTPSink, host: String = "localhost", _ path: String = "/hook") -> OutboundClient.Target
    {
        OutboundClient.Target(
            url: "http://\(host):\(sink.port)\(path)", host: host, port: sink.port, isSecure: false)
    }

    private func with<R: Sendable>(
        allowing hosts: Set<String>, _ body: (OutboundClient) async throws -> R
    ) async throws -> R {
        let client = OutboundClient(allowing: hosts)
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    @Test func aRequestArrivesAndItsAnswerComesBack() async throws {
        try await HTTPSink.with({ _, _ in .init(429, headers: ["Retry-After": "7"], body: "later") }) { sink in
            try await with(allowing: ["localhost:\(sink.port)"]) { client in
                let answer = try await client.post(
                    to: target(sink, "/a?b=c"), headers: [("x-one", "1")], body: Array("{}".utf8))
                #expect(answer.status == 429)
                #expect(answer.retryAfter == 7)
                #expect(answer.body == Array("later".utf8))
            }
            #expect(sink.requests.map(\.path) == ["/a?b=c"])
            #expect(sink.requests.first?.headers["x-one"] == "1")
            #expect(sink.requests.first?.headers["host"] == "localhost:\(sink.port)")
            #expect(sink.requests.first?.body == "{}")
        }
    }

    @Test func whatIsNotAllowedIsNotReached() async throws {
        try await HTTPSink.with { sink in
            try await with(allowing: ["elsewhere.example:\(sink.port)"]) { client in
                let secure = OutboundClient.Target(
                    url: "https://localhost/", host: "localhost", port: 443, isSecure: true)
                let metadata = OutboundClient.Target(
                    url: "https://169.254.169.254/", host: "169.254.169.254", port: 443, isSecure: true)
                for target in [target(sink), target(sink, host: "127.0.0.1"), secure, metadata] {
                    let error = await #expect(throws: OutboundError.self) {
                        _ = try await client.post(to: target, headers: [], body: [])
                    }
                    #expect(error?.code == .notAllowed, "\(target.url)")
                }
            }
            #expect(sink.requests.isEmpty)
        }
    }

    @Test func redirectsAreNotFollowed() async throws {
        try await HTTPSink.with({ request, _ in
            request.path == "/hook" ? .init(302, headers: ["Location": "/secret"]) : .init(200)
        }) { sink in
            try await with(allowing: ["localhost:\(sink.port)"]) { client in
                let answer = try await client.post(to: target(sink), headers: [], body: [])
                #expect(answer.status == 302)
            }
            #expect(sink.requests.map(\.path) == ["/hook"])
        }
    }

    @Test func anAnswerThatIsTooLongHasNoBody() async throws {
        let long = String(repeating: "x", count: OutboundClient.bodyLimit + 1)
        try await HTTPSink.with({ _, _ in .init(200, body: long) }) { sink in
            try await with(allowing: ["localhost:\(sink.port)"]) { client in
                let answer = try await client.post(to: target(sink), headers: [], body: [])
                #expect(answer.status == 200)
                #expect(answer.body == nil)
            }
        }
    }

    /// The whole of it has five seconds, however busy the line is.
    @Test func anAnswerThatNeverEndsIsGivenUp() async throws {
        try await HTTPSink.with({ _, _ in .init(200, body: "{", dribbles: true) }) { sink in
            try await with(allowing: ["localhost:\(sink.port)"]) { client in
                let error = await #expect(throws: OutboundError.self) {
                    _ = try await client.post(to: target(sink), headers: [], body: [])
                }
                #expect(error?.code == .failed)
            }
        }
    }

    @Test func whoDoesNotAnswerOrIsNotThereIsGivenUp() async throws {
        try await HTTPSink.with({ _, _ in nil }) { sink in
            let gone = OutboundClient.Target(url: "http://localhost:1/", host: "localhost", port: 1, isSecure: false)
            let nobody = OutboundClient.Target(
                url: "https://nobody.invalid/", host: "nobody.invalid", port: 443, isSecure: true)
            try await with(allowing: ["localhost:\(sink.port)", "localhost:1"]) { client in
                for target in [target(sink), gone, nobody] {
                    let error = await #expect(throws: OutboundError.self) {
                        _ = try await client.post(to: target, headers: [], body: [])
                    }
                    #expect(error?.code == .failed, "\(target.url)")
                }
            }
        }
    }
}
