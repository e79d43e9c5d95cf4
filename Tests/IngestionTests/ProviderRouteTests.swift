import Contracts
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Links
import Model
import NIOCore
import Synchronization
import Testing

@testable import Ingestion

/// `POST /v1/returns/PROVIDER`.
@Suite struct ProviderRouteTests {
    private struct Away: Error {}

    private static let secret = Data((0..<24).map { UInt8($0) })
    private static let tokens = try! MailTokens(secrets: [LinkSecret(id: "k1", bytes: Array(repeating: 7, count: 32))])
    private static let mark = MessageMark(workspace: WorkspaceID(rawValue: 7), contact: 11, message: 13)
    private static let path = "\(tokens.localPart(for: mark, .bounce))@bounces.shop.example"

    private let kept = Kept()
    private let edge: TestEdge

    private final class Kept: Sendable {
        private let state = Mutex<(bodies: [[UInt8]], isAway: Bool)>(([], false))
        var mails: [ReturnedMail] {
            get throws { try state.withLock { $0.bodies }.map { try ReturnedMail(decoding: $0) } }
        }
        func leave() { state.withLock { $0.isAway = true } }
        func keep(_ body: [UInt8]) throws {
            try state.withLock { state in
                if state.isAway { throw Away() }
                state.bodies.append(body)
            }
        }
    }

    init() throws {
        let verifier = try #require(WebhookVerifier(secrets: ["whsec_\(Self.secret.base64EncodedString())"]))
        var edge = TestEdge()
        edge.settings.providers = ProviderDesk(
            verifiers: ["acme": verifier], tokens: Self.tokens, now: { receipt }, logger: silent,
            keep: { [kept] in try kept.keep($0) })
        self.edge = edge
    }

    private func post(
        _ body: String, to provider: String = "acme", late: Int64 = 0, forged: Bool = false,
        without missing: String? = nil
    ) async throws -> (status: Int, body: JSON) {
        let time = receipt.microseconds / 1_000_000 - late
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("msg_1.\(time).\(body)".utf8), using: SymmetricKey(data: Self.secret))
        var signature = Data(code)
        if forged { signature[0] ^= 1 }
        var headers = HTTPFields()
        for (name, value) in [
            ("webhook-id", "msg_1"), ("webhook-timestamp", "\(time)"),
            ("webhook-signature", "v1a,AAAA v1,\(signature.base64EncodedString())"),
        ] where name != missing { headers[.init(name)!] = value }
        return try await edge.run { [headers] client in
            try await client.execute(
                uri: "/v1/returns/\(provider)", method: .post, headers: headers, body: ByteBuffer(string: body)
            ) { (Int($0.status.code), (try? JSON(parsing: Array($0.body.readableBytesView))) ?? .null) }
        }
    }

    private static func body(_ type: String, _ more: String = "", path: String = Self.path) -> String {
        #"{"events": [{"type": "\#(type)", "return_path": "\#(path)"\#(more)}]}"#
    }

    @Test(arguments: [
        ("delivered", "", ReturnedMail.Kind.delivered), ("delayed", #", "status": "4.2.2""#, .delayed),
        ("complained", "", .complaint), ("unsubscribed", "", .unsubscribe),
        (
            "bounced", #", "status": "5.1.1", "reply_code": 550, "reason": "no such user""#,
            .failed("invalid", blamesSender: false)
        ),
        ("bounced", #", "reason": "mailbox full""#, .failed("mailbox", blamesSender: false)),
        ("bounced", #", "status": "5.7.26""#, .failed("policy", blamesSender: true)),
    ])
    func whatIsToldIsKept(_ type: String, _ more: String, _ kind: ReturnedMail.Kind) async throws {
        let answer = try await post(Self.body(type, more))
        #expect(answer.status == 200 && answer.body == .object(["success": .bool(true), "unknown": .int(0)]))
        let mail = try #require(try kept.mails.first)
        #expect(mail.mark == Self.mark && mail.kind == kind && mail.means == "acme" && mail.receivedAt == receipt)
    }

    @Test func addressesInWordsAreLeftOut() async throws {
        _ = try await post(Self.body("bounced", #", "reason": "<anne@example.com> unknown""#))
        #expect(try kept.mails.first?.words == "<address> unknown")
    }

    @Test func mailsOfNobodyAreCounted() async throws {
        let answer = try await post(Self.body("bounced", path: "hello@shop.example"))
        #expect(answer.status == 200 && answer.body["unknown"] == .int(1))
        #expect(try kept.mails.isEmpty)
    }

    @Test func whoeverDidNotSignItIsTurnedAway() async throws {
        let body = Self.body("complained")
        #expect(try await post(body, to: "other").status == 401)
        #expect(try await post(body, forged: true).status == 401)
        #expect(try await post(body, late: 301).status == 401)
        #expect(try await post(body, late: -301).status == 401)
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            #expect(try await post(body, without: name).status == 401)
        }
        #expect(try kept.mails.isEmpty)
        #expect(try await post(body, late: 299).status == 200)
    }

    @Test(
        arguments: [
            ("[]", nil), (#"{"events": []}"#, "events"), (#"{"events": {}}"#, "events"),
            (#"{"events": [7]}"#, "events[0]"),
            (#"{"events": [{"type": "sold", "return_path": "b+x"}]}"#, "events[0].type"),
            (#"{"events": [{"type": "bounced"}]}"#, "events[0].return_path"),
            (body("bounced", #", "status": "5.1""#), "events[0].status"),
            (body("bounced", #", "status": "3.1.1""#), "events[0].status"),
            (body("bounced", #", "reply_code": 99"#), "events[0].reply_code"),
            (body("bounced", #", "more": 1"#), "events[0].more"),
        ] as [(String, String?)])
    func whatCannotBeReadIsNamed(_ body: String, _ field: String?) async throws {
        let answer = try await post(body)
        #expect(answer.status == 400 && answer.body["field"]?.string == field, "\(answer.body)")
        #expect(try kept.mails.isEmpty)
    }

    @Test func whatCannotBeKeptIsToBeSentAgain() async throws {
        kept.leave()
        #expect(try await post(Self.body("complained")).status == 503)
    }
}
