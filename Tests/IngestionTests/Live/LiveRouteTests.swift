import Contracts
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Links
import Model
import Synchronization
import Testing
import Workspaces

@testable import Ingestion

/// Images and links that are chosen when a mail is opened.
@Suite struct LiveRouteTests {
    private static let desktop =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
    private static let phone =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile Safari/604.1"
    private static let proxy =
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    private static let workspace = WorkspaceID(rawValue: 7)
    private static let reader = LinkOrigin(
        contact: ContactKey(workspace: workspace, contact: .derived("test", "c")), message: .derived("test", "m"))

    private static let files: [String: String] = [
        "workspace.yaml": """
        workspace: shop
        time_zone: Europe/Amsterdam
        sender: {name: Shop, address: hello@shop.example}
        address: Kade 1, Amsterdam
        topics: [{topic: offers, wording: "Yes, offers"}]
        """,
        "emails/offer/email.yaml": """
        subject: An offer
        class: transactional
        on_request: true
        live:
          - live: banner
            alt: Our offer
            source: https://shop.example/stock.json
            rules:
              - {when: live.stock == 0, image: "https://cdn.example/sold-out.png", link: "https://shop.example/sold-out"}
              - {when: device == "mobile", image: "https://cdn.example/phone.png", link: "https://shop.example/app"}
              - {when: language == "nl", image: "https://cdn.example/nl.png"}
            fallback: {image: "https://cdn.example/all.png", link: "https://shop.example/offer"}
        """,
        "emails/offer/body.html.mustache": "<p>{{> banner}}</p>",
    ]

    private func edge(_ live: String? = nil, files: [String: String] = files) throws -> TestEdge {
        let loaded = Workspace.load(files: files)
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        var edge = TestEdge()
        edge.settings.definitions = LiveDefinitions { _ in workspace }
        let said = try live.map { try JSON(parsing: Array($0.utf8)) }
        edge.settings.sources = LiveSources { _ in said }
        return edge
    }

    private static func content(_ language: String? = nil, block: String = "banner", link: Bool = false) -> LiveContent
    {
        LiveContent(
            email: "offer", block: block, language: language.flatMap { LanguageTag($0) },
            fallback: link ? "https://shop.example/old" : "https://cdn.example/old.png")
    }

    @Test(
        arguments: [
            (desktop, nil, nil, "all"), (phone, nil, nil, "phone"), (desktop, "nl", nil, "nl"),
            (proxy, "nl", nil, "all"),
            (phone, nil, "{\"stock\": 0}", "sold-out"), (phone, nil, "{\"stock\": 3}", "phone"),
            ("Mozilla/5.0", nil, "{\"stock\": 0}", "all"), ("curl/8.5.0", nil, "{\"stock\": 0}", "all"),
            (phone, nil, "[]", "phone"),
        ] as [(String, String?, String?, String)])
    func theImageIsChosenNow(agent: String, language: String?, live: String?, image: String) async throws {
        let edge = try edge(live)
        let token = try edge.signer.sign(.liveImage(.nobody(in: Self.workspace), Self.content(language)))
        try await edge.run { client in
            try await client.execute(uri: "/o/\(token)", method: .get, headers: [.userAgent: agent]) { answer in
                #expect(answer.status == .found)
                #expect(answer.headers[.location] == "https://cdn.example/\(image).png")
                #expect(answer.headers[.cacheControl] == "no-store, max-age=0")
                #expect(answer.headers[.referrerPolicy] == "no-referrer")
            }
        }
        #expect(edge.sink.events.isEmpty, "it is no open")
    }

    @Test func theLinkLeadsWhereTheImageSays() async throws {
        let edge = try edge("{\"stock\": 0}")
        let known = try edge.signer.sign(.liveLink(Self.reader, Self.content(link: true)))
        let nobodys = try edge.signer.sign(.liveLink(.nobody(in: Self.workspace), Self.content(link: true)))
        try await edge.run { client in
            for token in [known, nobodys] {
                try await client.execute(uri: "/l/\(token)", method: .get, headers: [.userAgent: Self.phone]) {
                    #expect($0.status == .found && $0.headers[.location] == "https://shop.example/sold-out")
                }
                try await client.execute(uri: "/l/\(token)", method: .head, headers: [.userAgent: Self.phone]) {
                    #expect($0.status == .found)
                }
            }
        }
        let event = try #require(edge.sink.events.first)
        #expect(edge.sink.events.count == 1 && event.name == EventNames.emailClicked)
        #expect(event.subject == .id(Self.reader.contact.contact))
        #expect(try JSON(parsing: event.properties)["url"] == .string("https://shop.example/sold-out"))
    }

    /// A rule without a link of its own leads where the fallback does.
    @Test func whatIsGoneShowsWhatTheMailKnew() async throws {
        let edge = try edge()
        try await edge.run { client in
            for (link, uri, place) in [
                (
                    Link.liveImage(.nobody(in: Self.workspace), Self.content(block: "gone")), "/o/",
                    "https://cdn.example/old.png"
                ),
                (
                    .liveLink(.nobody(in: Self.workspace), Self.content(block: "gone", link: true)), "/l/",
                    "https://shop.example/old"
                ),
                (
                    .liveLink(.nobody(in: Self.workspace), Self.content("nl", link: true)), "/l/",
                    "https://shop.example/offer"
                ),
            ] {
                let token = try edge.signer.sign(link)
                try await client.execute(uri: uri + token, method: .get, headers: [.userAgent: Self.desktop]) {
                    #expect($0.status == .found && $0.headers[.location] == place)
                }
            }
        }
    }

    @Test func whatIsNotSignedLeadsNowhere() async throws {
        let edge = try edge()
        let image = try edge.signer.sign(.liveImage(.nobody(in: Self.workspace), Self.content()))
        let click = try edge.signer.sign(.click(Self.reader, destination: "https://shop.example/"))
        try await edge.run { client in
            for token in [image, click, "x", String(image.dropLast()) + "_"] {
                try await client.execute(uri: "/l/\(token)", method: .get) { #expect($0.status == .notFound) }
            }
            try await client.execute(uri: "/o/\(click)", method: .get) {
                #expect($0.status == .ok && $0.headers[.contentType] == "image/gif")
            }
        }
        for evil in ["//evil", "javascript:alert(1)", "https://a@evil", "https:/\\evil", "https://a.example/\r\nX: y"] {
            let content = LiveContent(email: "offer", block: "banner", language: nil, fallback: evil)
            #expect(throws: LinkError.destination) { try edge.signer.sign(.liveImage(Self.reader, content)) }
            #expect(throws: LinkError.destination) { try edge.signer.sign(.liveLink(Self.reader, content)) }
        }
    }
}

/// What sources said is kept, and whoever opens a mail does not wait for them.
@Suite struct LiveSourcesTests {
    private static let url = WebhookURL("https://shop.example/stock.json")!

    /// A source that says what the test wants, on a clock of the test's.
    private final class Source: Sendable {
        let asked = Mutex(0)
        let answer = Mutex<JSON?>(.int(1))
        let time = Mutex(ContinuousClock.now)

        func sources() -> LiveSources {
            LiveSources(now: { self.time.withLock { $0 } }) { _ in
                self.asked.withLock { $0 += 1 }
                return self.answer.withLock { $0 }
            }
        }

        func pass(_ time: Duration) { self.time.withLock { $0 += time } }
    }

    private func eventually(_ condition: () async -> Bool) async -> Bool {
        for _ in 0..<1_000 {
            if await condition() { return true }
            await Task.yield()
            try? await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    @Test func anAnswerServesUntilANewerOneHasCome() async throws {
        let source = Source()
        let sources = source.sources()
        #expect(await sources.value(of: Self.url) == .int(1))
        source.answer.withLock { $0 = .int(2) }
        source.pass(.seconds(29))
        #expect(await sources.value(of: Self.url) == .int(1) && source.asked.withLock { $0 } == 1)
        source.pass(.seconds(2))
        // The older one serves the request that has the newer one fetched.
        #expect(await sources.value(of: Self.url) == .int(1))
        #expect(await eventually { await sources.value(of: Self.url) == .int(2) })
        #expect(source.asked.withLock { $0 } == 2)
    }

    @Test func whatFailsServesTheOldForAWhile() async throws {
        let source = Source()
        let sources = source.sources()
        #expect(await sources.value(of: Self.url) == .int(1))
        source.answer.withLock { $0 = nil }
        source.pass(.seconds(40))
        #expect(await sources.value(of: Self.url) == .int(1))
        source.pass(.seconds(600))
        #expect(await eventually { await sources.value(of: Self.url) == nil })
        source.answer.withLock { $0 = .int(3) }
        source.pass(.seconds(11))
        #expect(await eventually { await sources.value(of: Self.url) == .int(3) })
    }

    @Test func nobodyWaitsForLong() async throws {
        let (blocked, gate) = AsyncStream.makeStream(of: Void.self)
        let sources = LiveSources { _ in
            for await _ in blocked { break }
            return .int(1)
        }
        let begun = ContinuousClock.now
        #expect(await sources.value(of: Self.url) == nil)
        #expect(ContinuousClock.now - begun < .seconds(5))
        gate.yield()
        #expect(await eventually { await sources.value(of: Self.url) == .int(1) })
    }
}
