import Contracts
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Links
import Model
import NIOCore
import Store
import Testing
import Workspaces

@testable import Ingestion

@Suite struct FormRouteTests {
    private static let files = [
        "workspace.yaml":
            "workspace: shop\ntime_zone: UTC\nsender: {name: Shop, address: hello@shop.example}\naddress: Street 1\n",
        "pages.yaml": """
        content:
          - {content: guide, url: "https://cdn.example/guide.pdf", expires: 1d}
          - {content: paper, file: paper.pdf}
        """,
        "forms.yaml": """
        forms:
          - form: contact
            message: We will call you.
            fields:
              - {field: email, type: email, required: true}
              - {field: company, most: 20, trait: company}
              - {field: seats, type: number}
              - {field: agree, type: checkbox, required: true}
              - {field: site, type: url}
              - {field: topics}
          - form: guide
            fields: [{field: email, type: email, required: true}]
            success: https://shop.example/thanks?a=b#top
            error: https://shop.example/form
            honeypot: fax
            content: guide
          - {form: paper, fields: [], content: paper}
        ratings:
          - {rating: support, question: "How was <it>?", from: 0, to: 10}
        """,
    ]

    private let edge: TestEdge
    private let workspace: Workspace

    init() throws {
        let workspace = try #require(Workspace.load(files: Self.files).workspace)
        self.workspace = workspace
        var edge = TestEdge()
        edge.settings.definitions = LiveDefinitions { $0 == publicKey.workspace ? workspace : nil }
        edge.settings.publicURL = "https://mail.example"
        self.edge = edge
    }

    private func ask(
        _ path: String, _ method: HTTPRequest.Method = .get, _ headers: HTTPFields = [:], _ body: String = ""
    ) async throws -> (status: Int, headers: HTTPFields, body: String) {
        try await edge.run { client in
            try await client.execute(uri: path, method: method, headers: headers, body: ByteBuffer(string: body)) {
                (Int($0.status.code), $0.headers, String(buffer: $0.body))
            }
        }
    }

    private func post(
        _ form: String, _ body: String, accept: String = "text/html", _ more: HTTPFields = [:]
    ) async throws -> (status: Int, headers: HTTPFields, body: String) {
        var headers = more
        headers[.contentType] = "application/x-www-form-urlencoded"
        headers[.accept] = accept
        return try await ask("/f/public/\(form)", .post, headers, body)
    }

    @Test func aFormBecomesAnEvent() async throws {
        let answer = try await post(
            "contact",
            "email=+anne%40example.com+&company=Acme&seats=3&agree=on&topics=a&topics=b&other=x&anonymousId=visitor-1",
            [.referer: "https://shop.example/contact", .userAgent: "curl/8"])
        #expect(answer.status == 200)
        #expect(answer.body.contains("We will call you."))
        let event = try #require(edge.sink.events.first)
        #expect(event.name == "Form Submitted")
        #expect(event.subject == .identity(Identity(.anonymous, "visitor-1")))
        #expect(event.trust == .publicKey)
        #expect(
            try JSON(parsing: event.properties)
                == .object([
                    "form": .string("contact"), "email": .string("anne@example.com"), "company": .string("Acme"),
                    "seats": .int(3), "agree": .bool(true), "topics": .array([.string("a"), .string("b")]),
                ]))
        let context = try JSON(parsing: event.context)
        #expect(context["page"]?["url"] == .string("https://shop.example/contact"))
        #expect(context["traits"] == .object(["company": .string("Acme")]))
        #expect(context["bot"] == .bool(true))
    }

    @Test func fieldsAtFaultAreNamed() async throws {
        let body = "company=\(String(repeating: "x", count: 21))&seats=many&site=nowhere"
        let page = try await post("contact", body)
        #expect(page.status == 400)
        #expect(page.body.contains("<strong>email</strong> is missing"))
        let answer = try await post("contact", body, accept: "application/json")
        #expect(answer.status == 400)
        let said = try JSON(parsing: Array(answer.body.utf8))
        #expect(said["code"] == .string("invalid"))
        #expect(
            said["fields"]?.array?.map { "\($0["field"]?.string ?? "") \($0["code"]?.string ?? "")" } == [
                "email missing", "company too_large", "seats invalid", "agree missing", "site invalid",
            ])
        #expect(edge.sink.events.isEmpty)
    }

    @Test func formsLeadWhereTheDefinitionSays() async throws {
        let wrong = try await post("guide", "email=nobody")
        #expect(wrong.status == 303)
        #expect(wrong.headers[.location] == "https://shop.example/form?loods_form=guide&loods_fields=email")
        let right = try await post("guide", "email=a@b.example")
        #expect(right.status == 303)
        let location = try #require(right.headers[.location])
        #expect(location.hasPrefix("https://shop.example/thanks?a=b&loods_download=https%3A%2F%2Fmail.example%2Fd%2F"))
        #expect(location.hasSuffix("#top"))
    }

    @Test func aRobotIsThankedAndKeptOut() async throws {
        let answer = try await post("guide", "email=a@b.example&fax=1")
        #expect(answer.status == 303)
        #expect(answer.headers[.location] == "https://shop.example/thanks?a=b#top")
        #expect(edge.sink.events.isEmpty)
    }

    @Test func onlyPublicKeysAndKnownFormsAreTaken() async throws {
        for (path, status) in [
            ("/f/server/contact", 401), ("/f/nobody/contact", 401), ("/f/public/other", 404), ("/f/away/contact", 503),
        ] {
            let answer = try await ask(path, .post, [.contentType: "application/x-www-form-urlencoded"], "email=a@b.c")
            #expect(answer.status == status)
            #expect(answer.headers[.contentType]?.hasPrefix("text/html") == true)
            #expect(answer.headers[.wwwAuthenticate] == nil)
            let script = try await ask(path, .post, [.accept: "application/json"], "")
            #expect(script.headers[.contentType] == "application/json")
        }
        #expect(edge.sink.events.isEmpty)
    }

    @Test func whatIsNotSafeIsNotThankedFor() async throws {
        edge.sink.answer(.fail)
        #expect(try await post("guide", "email=a@b.example").status == 503)
    }

    @Test func anAddressPostsSoMuchAndNoMore() async throws {
        var limited = edge
        limited.settings.formRate = 1
        let post = [
            "POST /f/public/paper HTTP/1.1", "Host: a", "Content-Type: application/x-www-form-urlencoded",
            "Accept: application/json", "Content-Length: 3", "", "a=b",
        ].joined(separator: "\r\n")
        try await limited.listening { port in
            let connection = try await RawConnection(port: port)
            var answers: [String] = []
            while answers.count < 20, answers.last?.hasPrefix("HTTP/1.1 200") ?? true {
                answers.append(try await connection.exchange(Array(post.utf8)))
            }
            // Two at once, and one for each second that it takes.
            #expect(answers.count > 2 && answers.count < 20)
            #expect(answers.last?.contains("429") == true && answers.last?.contains("rate_limited") == true)
            try await connection.close()
        }
    }

    // MARK: Downloads

    private func link(_ form: String) async throws -> String {
        let answer = try await post(form, "email=a@b.example", accept: "application/json")
        let link = try #require(JSON(parsing: Array(answer.body.utf8))["download"]?.string)
        return String(link.dropFirst("https://mail.example".count))
    }

    @Test func aLinkLeadsToTheContentAndCountsOnce() async throws {
        let path = try await link("guide")
        for _ in 0..<2 {
            let answer = try await ask(path)
            #expect(answer.status == 302)
            #expect(answer.headers[.location] == "https://cdn.example/guide.pdf")
        }
        #expect(try await ask(path, .head).status == 302)
        let downloads = edge.sink.events.filter { $0.name == "Asset Downloaded" }
        #expect(downloads.count == 2 && Set(downloads.map(\.eventID)).count == 1, "copies of one event")
        #expect(downloads.first?.subject == .id(try #require(edge.sink.events.first).subjectID))
        #expect(try JSON(parsing: #require(downloads.first).properties)["content"] == .string("guide"))
    }

    @Test func aLinkExpiresAndIsSigned() async throws {
        let origin = LinkRouteTests.anyOrigin
        let old = try edge.signer.sign(.download(origin, content: "guide", expiresAt: receipt))
        #expect(try await ask("/d/\(old)").status == 410)
        let other = try edge.signer.sign(.download(origin, content: "other", expiresAt: .distantFuture))
        #expect(try await ask("/d/\(other)").status == 404)
        #expect(try await ask("/d/x").status == 404)
        let click = try edge.signer.sign(.click(origin, destination: "https://shop.example/"))
        #expect(try await ask("/d/\(click)").status == 404)
        #expect(edge.sink.events.isEmpty)
    }

    @Test func aFileIsGivenFromTheFolder() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("downloads-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("shop"), withIntermediateDirectories: true)
        let path = try await link("paper")
        #expect(try await ask(path).status == 404, "no folder is served")
        try Data("paper".utf8).write(to: folder.appendingPathComponent("shop/paper.pdf"))
        var serving = edge
        serving.settings.downloads = folder.path
        let answer = try await serving.run { client in
            try await client.execute(uri: path, method: .get) { ($0.status, $0.headers, String(buffer: $0.body)) }
        }
        #expect(answer.0 == .ok)
        #expect(answer.1[.contentDisposition] == "attachment; filename=\"paper.pdf\"")
        #expect(answer.2 == "paper")
    }

    // MARK: Ratings

    @Test func aRatingIsShownAndThenGiven() async throws {
        let token = try edge.signer.sign(.rating(LinkRouteTests.anyOrigin, rating: "support", value: 9))
        let page = try await ask("/r/\(token)")
        #expect(page.status == 200)
        // The link is of a workspace that has no definitions.
        #expect(page.body.contains("support") && page.body.contains("Give 9<"))
        #expect(try await ask("/r/\(token)", .head).status == 200)
        #expect(edge.sink.events.isEmpty, "following the link gives nothing")
        for _ in 0..<2 { #expect(try await ask("/r/\(token)", .post).status == 200) }
        let events = edge.sink.events
        #expect(events.map(\.name) == ["Rating Given", "Rating Given"])
        #expect(Set(events.map(\.eventID)).count == 1, "copies of one event")
        #expect(events.first?.subject == .id(LinkRouteTests.anyOrigin.contact.contact))
        #expect(
            try JSON(parsing: #require(events.first).properties)
                == .object([
                    "rating": .string("support"), "value": .int(9),
                    "message_id": .string(LinkRouteTests.anyOrigin.message.description),
                ]))
        #expect(try await ask("/r/x", .post).status == 404)
    }

    @Test func theQuestionIsEscaped() async throws {
        var origin = LinkRouteTests.anyOrigin
        origin.contact.workspace = publicKey.workspace
        let token = try edge.signer.sign(.rating(origin, rating: "support", value: -1))
        let page = try await ask("/r/\(token)")
        #expect(page.body.contains("How was &lt;it&gt;?") && page.body.contains("Give -1 of 10"))
    }
}
