import Crypto
@testable import Delivery
import Foundation
import Links
import Model
import Postgres
import SMTP
import Store
import TestSupport
import Testing

/// What journeys tell others than the contact: webhooks, and the team.
@Suite struct CallTests {
    /// A workspace whose journey tells a webhook at the sink, and the team by mail.
    private static func files(_ sink: HTTPSink) -> [String: String] {
        var files = Shop.files
        files["workspace.yaml"]! += """

            webhooks:
              - {webhook: crm, url: "http://localhost:\(sink.port)/loods?k=secret"}
            notify:
              - {notify: sales, email: sales@shop.example}
            """
        files["journeys/calls.yaml"] = """
            journey: calls
            enter: {event: Order Completed}
            steps:
              - webhook: crm
                data: {plan: "{{contact.plan}} plan", order: "{{event.properties.order}}", lines: [1, true, null]}
              - {notify: sales, text: "{{contact.email}} has ordered\\nCall them."}
            """
        return files
    }

    private static func with(
        _ behaviour: @escaping @Sendable (HTTPSink.Request, Int) -> HTTPSink.Answer? = { _, _ in .init(200) },
        _ body: (Bench, HTTPSink, Bench.Mailer) async throws -> Void
    ) async throws {
        try await HTTPSink.with(behaviour) { sink in
            try await Bench.with { bench in
                try await bench.know(["anne"])
                try await bench.database.pool.withTransaction { session in
                    let entry = try WorkspaceRegister.lock("shop", now: Bench.start, in: session)
                    _ = try Definitions.store(
                        files: files(sink), for: entry, by: "test", now: Bench.start, in: session)
                }
                let mailer = try await bench.mailer(allowing: ["localhost:\(sink.port)"])
                try await body(bench, sink, mailer)
                await mailer.relay.shutdown()
            }
        }
    }

    private static func planWebhook(_ bench: Bench) async throws {
        try await bench.plan(
            "webhook:crm", to: ["anne"], revision: 2, journey: "calls", step: "webhook-crm", channel: .webhook)
    }

    private static func reply(_ bench: Bench) async throws -> [String] {
        try await bench.texts("select concat(state, ' ', reply, ' ', address) from messages")
    }

    @Test func aWebhookIsToldWhoAndWhatAndSigned() async throws {
        try await Self.with { bench, sink, mailer in
            try await bench.change(
                "update contacts set attributes = attributes || '{\"plan\": \"gold\"}' where workspace_id = \(bench.workspace)"
            )
            try await Self.planWebhook(bench)
            // Nothing that goes by mail.
            try await mailer.send([bench.contact("anne")])
            #expect(sink.requests.isEmpty)
            try await mailer.call(about: [bench.contact("anne")])
            let request = try #require(sink.requests.first)
            #expect(sink.requests.count == 1)
            #expect(request.path == "/loods?k=secret")
            let body = try JSON(parsing: Array(request.body.utf8))
            #expect(body["journey"]?.string == "calls")
            #expect(body["step"]?.string == "webhook-crm")
            #expect(body["contact"]?["email"]?.string == "anne@mail.example")
            #expect(
                body["data"]
                    == .object([
                        "plan": .string("gold plan"), "order": .string(""),
                        "lines": .array([.int(1), .bool(true), .null]),
                    ]))
            let id = try await bench.texts("select message_id::text from messages")
            #expect(request.headers["webhook-id"] == id.first)
            #expect(Self.isSigned(request))
            // The path may hold a secret: only the host is kept.
            #expect(try await Self.reply(bench) == ["accepted 200 localhost"])
        }
    }

    @Test(arguments: [
        (#"{"vip": true}"#, #"{"body": {"vip": true}, "status": 200}"#), ("", #"{"status": 200}"#),
        ("<html>", #"{"status": 200}"#), (#"{"a": "\u0000"}"#, #"{"status": 200}"#),
        ("7", #"{"body": 7, "status": 200}"#),
        (#"{"a": "\#(String(repeating: "x", count: 8_200))"}"#, #"{"status": 200}"#),
    ])
    func whatIsAnsweredIsKeptForTheRun(body: String, kept: String) async throws {
        try await Self.with({ _, _ in .init(200, body: body) }) { bench, _, mailer in
            try await Self.planWebhook(bench)
            try await mailer.call(about: [bench.contact("anne")])
            #expect(try await bench.texts("select concat(state, answer) from messages") == ["accepted\(kept)"])
        }
    }

    /// As a receiver verifies it, by the secret that `loods webhooks secret` gives it.
    private static func isSigned(_ request: HTTPSink.Request) -> Bool {
        let secrets = [LinkSecret(id: "k1", bytes: Array(repeating: 7, count: 32))]
        guard let secret = try? WebhookSigner(secrets: secrets).secret(of: "crm", in: "shop"),
            secret.hasPrefix("whsec_"), let key = Data(base64Encoded: String(secret.dropFirst(6)))
        else { return false }
        let (id, time) = (request.headers["webhook-id"] ?? "", request.headers["webhook-timestamp"] ?? "")
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(id).\(time).\(request.body)".utf8), using: SymmetricKey(data: key))
        return request.headers["webhook-signature"] == "v1," + Data(code).base64EncodedString()
    }

    @Test(arguments: [
        (200, "accepted"), (204, "accepted"), (302, "refused"), (400, "refused"), (404, "refused"), (410, "refused"),
        (408, "planned"), (429, "planned"), (500, "planned"), (503, "planned"),
    ])
    func answersDecideWhatBecomesOfIt(status: Int, state: String) async throws {
        try await Self.with({ _, _ in .init(status) }) { bench, _, mailer in
            try await Self.planWebhook(bench)
            try await mailer.call(about: [bench.contact("anne")])
            #expect(try await Self.reply(bench) == ["\(state) \(status) localhost"])
        }
    }

    @Test func whatIsPutOffIsSentAgainUnderTheSameIDWhenAskedFor() async throws {
        try await Self.with({ _, number in
            number == 1 ? .init(503, headers: ["Retry-After": "120"]) : .init(200)
        }) { bench, sink, mailer in
            try await Self.planWebhook(bench)
            try await mailer.call(about: [bench.contact("anne")])
            bench.machine.advance(.seconds(119))
            try await mailer.call(about: [bench.contact("anne")])
            #expect(sink.requests.count == 1)
            bench.machine.advance(.seconds(1))
            try await mailer.call(about: [bench.contact("anne")])
            #expect(Set(sink.requests.compactMap { $0.headers["webhook-id"] }).count == 1)
            #expect(sink.requests.count == 2)
            #expect(try await Self.reply(bench) == ["accepted 200 localhost"])
        }
    }

    @Test func aHostThatIsNotAllowedIsRefusedWithTheReason() async throws {
        try await Self.with { bench, sink, _ in
            let mailer = try await bench.mailer()
            try await Self.planWebhook(bench)
            try await mailer.call(about: [bench.contact("anne")])
            let reply = try await Self.reply(bench)
            #expect(reply.first?.hasPrefix("refused localhost:\(sink.port) is not https on port 443") == true)
            #expect(sink.requests.isEmpty)
            await mailer.relay.shutdown()
        }
    }

    /// Receivers know a request again by its id, so one of which nobody knows the end is sent again.
    @Test func aRequestOfAMailerThatDiedIsPlannedAgain() async throws {
        try await Self.with { bench, sink, mailer in
            try await Self.planWebhook(bench)
            try await bench.database.pool.withTransaction { session in
                let anne = bench.contact("anne")
                let epochs = try SendStates.lock([anne], in: session)
                let due = try Claims.due(
                    .calls, of: [anne], epochs: epochs, now: Bench.start, machineNow: Bench.start, in: session)
                let claim = UniqueID.random()
                try Claims.open(claim, of: due, mailer: "dead", expiresAt: Bench.start, in: session)
                try Claims.claim(due.map { ($0, "localhost", .distantFuture) }, under: claim, in: session)
                #expect(try Claims.hand(due, now: Bench.start, in: session).count == 1)
                let leases = try Claims.leases(in: session)
                #expect(try Claims.release(leases, machineNow: Bench.start, now: Bench.start, in: session).isEmpty)
            }
            try await mailer.call(about: [bench.contact("anne")])
            #expect(sink.requests.count == 1)
            #expect(try await Self.reply(bench) == ["accepted 200 localhost"])
        }
    }

    /// The contact merges between the request and its answer.
    @Test func anAnswerFindsTheSurvivor() async throws {
        try await Self.with { bench, _, _ in
            try await bench.know(["bob"])
            try await Self.planWebhook(bench)
            let (anne, bob) = (bench.contact("anne"), bench.contact("bob"))
            try await bench.database.pool.withTransaction { session in
                let epochs = try SendStates.lock([anne], in: session)
                let due = try Claims.due(
                    .calls, of: [anne], epochs: epochs, now: Bench.start, machineNow: Bench.start, in: session)
                try Claims.claim(due.map { ($0, "localhost", .distantFuture) }, under: .random(), in: session)
                try Contacts.lock([anne, bob], in: session)
                _ = try SendStates.lock([anne, bob], in: session)
                try Merging.merge(anne, into: bob, now: Bench.start, in: session)
                _ = try session.execute("update messages set state = 'handed', attempt = 1")
                let answers = Dictionary(
                    uniqueKeysWithValues: due.map { ($0.message.id, JSON.object(["status": .int(200)])) })
                let settled = try Claims.settle(
                    due.map { ($0, .accepted, "200") }, answers: answers, now: Bench.start, in: session)
                #expect(settled.count == 1)
            }
            #expect(
                try await bench.texts("select concat(state, answer) from messages") == [#"accepted{"status": 200}"#])
        }
    }

    /// One receiver that hangs keeps neither places nor time from others.
    @Test func aReceiverThatHangsKeepsNobodyElseWaiting() async throws {
        let receivers = Receivers()
        var places = 0
        while await receivers.enter("slow.example") == nil { places += 1 }
        #expect(places == 4)
        #expect(await receivers.enter("other.example") == nil)
        let start = ContinuousClock.now
        await receivers.leave("slow.example", (isThere: false, begun: start))
        #expect(await receivers.enter("slow.example") == .seconds(5), "it rests after a failure")
        for _ in 1..<places { await receivers.leave("slow.example", (isThere: true, begun: .now)) }
        #expect(await receivers.enter("slow.example") == nil, "and is asked again once it answers")
    }

    @Test func theTeamIsToldByMail() async throws {
        try await Self.with { bench, _, mailer in
            try await bench.plan(
                "notify:sales", to: ["anne"], revision: 2, journey: "calls", step: "notify-sales", channel: .notify)
            try await mailer.call(about: [bench.contact("anne")])
            #expect(bench.sink.recipients == [])
            try await mailer.send([bench.contact("anne")])
            let mail = try #require(bench.sink.mails.first)
            #expect(bench.sink.recipients == ["sales@shop.example"])
            #expect(mail.header("Subject") == "anne@mail.example has ordered")
            #expect(mail.header("Reply-To") == "anne@mail.example")
            #expect(mail.header("List-Unsubscribe") == nil)
            #expect(try await bench.texts("select state from messages") == ["accepted"])
        }
    }

    /// A withdrawal of the contact's concerns what the contact gets.
    @Test func whatTheContactWantsIsNoMatterOfTheTeams() async throws {
        try await Self.with { bench, _, mailer in
            try await bench.change(
                """
                insert into suppressions (workspace_id, address, reason, at)
                values (\(bench.workspace), 'anne@mail.example', 'all', \(Bench.start))
                """)
            try await bench.plan(
                "notify:sales", to: ["anne"], revision: 2, journey: "calls", step: "notify-sales", channel: .notify)
            try await mailer.send([bench.contact("anne")])
            #expect(bench.sink.recipients == ["sales@shop.example"])
        }
    }
}
