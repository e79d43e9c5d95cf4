import Foundation
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
}
