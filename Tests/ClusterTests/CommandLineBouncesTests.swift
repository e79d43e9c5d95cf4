import Foundation
import Laboratory
import Links
import Messaging
import Model
import TestSupport
import Testing

@Suite struct CommandLineBouncesTests {
    private static let bounce = """
        From: MAILER-DAEMON@mx.example.net
        Subject: Undeliverable

        <gone@example.org>: 550 5.1.1 User unknown
        """

    @Test func mailsThatCameBackAreClassified() async throws {
        try await Terminal.with { line in
            try line.write(Self.bounce, to: "returned/bounce.eml")
            try line.write("From: anne@example.org\nSubject: Rope\n\nHow long is it?\n", to: "returned/letter.eml")
            let folder = line.path("returned")
            let output = try await line("bounces", "classify", folder, "--json").json()
            let found = try #require(output as? [[String: Any]])
            #expect(found.map { $0["class"] as? String } == ["invalid", "none"])
            #expect(found[0]["file"] as? String == "\(folder)/bounce.eml")
            #expect(found[0]["recipient"] as? String == "gone@example.org")
            #expect(found[0]["status"] as? String == "5.1.1")
            #expect(found[0]["reply_code"] as? Int == 550)
            #expect(found[1]["recipient"] is NSNull && found[1]["status"] is NSNull)
            let told = try await line("bounces", "classify", line.path("returned/bounce.eml")).output
            #expect(told.contains("invalid     5.1.1 550    gone@example.org"))
            let missing = try await line("bounces", "classify", line.path("nowhere"), exits: 64)
            #expect(missing.output.contains("there is no "))
        }
    }

    private static func address(_ purpose: MailTokens.Purpose) throws -> String {
        let tokens = try MailTokens(secrets: [LinkSecret(id: "k1", bytes: Array(repeating: 7, count: 32))])
        let mark = MessageMark(workspace: WorkspaceID(rawValue: 1), contact: 2, message: 3)
        return "\(tokens.localPart(for: mark, purpose))@bounces.shop.example"
    }

    /// What comes while it watches is taken in as it comes; an interrupt ends it, and it says where it stands.
    @Test(.timeLimit(.minutes(10)))
    func aMaildirIsWatchedUntilInterrupted() async throws {
        try await Terminal.withServers { line, stage in
            var environment = line.environment
            environment["LOODS_LINK_SECRET"] = "k1:" + Data(repeating: 7, count: 32).base64EncodedString()
            try line.write("", to: "box/cur/0")
            try line.write("To: \(try Self.address(.bounce))\n\(Self.bounce)\n", to: "box/new/1")
            func read() -> Set<String> {
                Set((try? FileManager.default.contentsOfDirectory(atPath: line.path("box/cur"))) ?? [])
            }
            let watch = try ServiceProcess(
                "loods", arguments: ["bounces", "ingest", line.path("box"), "--watch"], environment: environment)
            try await eventually("what lies there is taken in") { read() == ["0", "1:2,S"] }
            // As a mail server does it: written elsewhere, then moved.
            let letter =
                "Return-Path: <anne@example.com>\nTo: \(try Self.address(.unsubscribe))\nSubject: stop\n\nPlease.\n"
            try line.write(letter, to: "box/tmp/2")
            try FileManager.default.moveItem(atPath: line.path("box/tmp/2"), toPath: line.path("box/new/2"))
            try line.write("To: somebody@shop.example\nSubject: rope\n\nHello.\n", to: "box/tmp/3")
            try FileManager.default.moveItem(atPath: line.path("box/tmp/3"), toPath: line.path("box/new/3"))
            try await eventually("what comes is taken in") {
                read() == ["0", "1:2,S", "2:2,S", "3:2,S"]
            }
            #expect(watch.exit == nil, "it goes on: \(watch.output)")
            watch.send(SIGINT)
            #expect(try await watch.waitForExit() == .status(0), "\(watch.output)")
            #expect(watch.output.contains("3 mails taken in: 1 failed, 1 of nobody, 1 unsubscribe"), "\(watch.output)")
            #expect(try await stage.broker.ready(in: .returns) == 2)
        }
    }
}
