import Foundation
import TestSupport
import Testing

/// Keys that sign mails: made by the command line, read by the mailer.
@Suite struct CommandLineSigningTests {
    private static func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test(arguments: [("rsa", "k1"), ("ed25519", "e1")])
    func aKeyIsMadeOnceAndItsRecordPrinted(_ kind: String, _ selector: String) async throws {
        try await Terminal.with { line in
            let folder = line.path("keys")
            let made = try await line("dkim", "Shop.example", selector, "--keys", folder, "--kind", kind).output
            #expect(made.contains("\(selector)._domainkey.shop.example. IN TXT ( \"v=DKIM1; k=\(kind); p="))
            let file = "\(folder)/shop.example/\(selector).pem"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(text.hasPrefix("-----BEGIN PRIVATE KEY-----\n") && !made.contains("PRIVATE"))
            #expect(try Self.mode(file) == 0o600)
            let again = try await line("dkim", "shop.example", selector, "--keys", folder, "--kind", kind, "--json")
                .object()
            #expect(
                again["made"] as? Bool == false && again["name"] as? String == "\(selector)._domainkey.shop.example")
            let strings = try #require(again["strings"] as? [String])
            #expect(strings.allSatisfy { $0.utf8.count <= 255 } && strings.joined() == again["text"] as? String)
            #expect(try String(contentsOfFile: file, encoding: .utf8) == text, "it stays")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "\(folder)/shop.example") == ["\(selector).pem"])
        }
    }

    @Test func whatIsNoNameIsRefused() async throws {
        try await Terminal.with { line in
            for (domain, selector) in [("shop", "k_1"), ("sh op.example", "k1"), ("shop.example", "../k1")] {
                let refused = try await line("dkim", domain, selector, "--keys", line.path("keys"), exits: 64)
                #expect(refused.output.contains("is not a"), "\(refused.output)")
            }
            #expect(!FileManager.default.fileExists(atPath: line.path("keys")))
        }
    }

    @Test func validateSaysWhichKeysAreMissing() async throws {
        try await Terminal.with { line in
            try line.write(
                """
                workspace: shop
                time_zone: UTC
                sender: {name: Shop, address: hello@shop.example}
                address: Kade 1
                sending_domains: [{domain: shop.example, dkim: [k1, k2]}]
                """, to: "shop/workspace.yaml")
            _ = try await line("dkim", "shop.example", "k1", "--keys", line.path("keys"))
            let found = try await line("validate", line.path("shop"), "--dkim-keys", line.path("keys")).output
            #expect(found.contains("workspace.yaml:5:53  warning: there is no key \"k2\" of shop.example"), "\(found)")
            #expect(!found.contains("\"k1\""))
        }
    }

    @Test func theMailerReportsEveryKeyThatIsOfNoUse() async throws {
        try await Terminal.with { line in
            try line.write("no key", to: "keys/shop.example/k1.pem")
            try line.write("no key", to: "keys/shop.example/k_2.pem")
            try line.write("not looked at", to: "keys/shop.example/README")
            let process = try ServiceProcess(
                "mailer", environment: ["LOODS_DKIM_KEYS": line.path("keys"), "LOODS_HELO": "localhost"])
            #expect(try await process.waitForExit() == .status(64))
            for name in ["k1", "k_2"] { #expect(process.output.contains("keys/shop.example/\(name).pem: "), "\(name)") }
            #expect(!process.output.contains("no key\n") && !process.output.contains("README"))
        }
    }
}
