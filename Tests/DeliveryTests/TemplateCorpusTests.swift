import Delivery
import Foundation
import Links
import Logging
import Mail
import Model
import Preflight
import Testing
import Transit
import Workspaces

/// Templates by others (`LOODS_TEST_DATA`), as a workspace would have them: composed as mailers do, and looked at.
@Suite(.enabled(if: TemplateCorpus.isThere, "LOODS_TEST_DATA is not there")) struct TemplateCorpusTests {
    @Test func eachIsComposedAndLookedAt() throws {
        var checks: [String: Int] = [:]
        var composed = 0
        for template in try TemplateCorpus.all() {
            guard let letter = try TemplateCorpus.letter(template.html) else { continue }
            composed += 1
            let html = try #require(letter.html)
            let findings = MailSample(
                subject: letter.subject, text: letter.text, html: html, isMarketing: true,
                unsubscribeLink: letter.unsubscribeLink, encoded: letter.data
            ).findings
            for check in Set(findings.map(\.check)) { checks[check, default: 0] += 1 }
            // None of them has our way out.
            #expect(findings.contains { $0.check == "unsubscribe" && $0.severity == .error }, "\(template.name)")
            // Their own merge tags stand in links, where they lead nowhere.
            let hasTags = html.contains(/<a[^>]*href="\*\|/)
            #expect(!hasTags || findings.contains { $0.check == "links" && $0.severity == .error }, "\(template.name)")
            let hasNoAlt = html.contains(/<img(?![^>]*\salt)[^>]*>/)
            #expect(!hasNoAlt || findings.contains { $0.check == "images" }, "\(template.name)")
            #expect(
                (html.contains(/<title>[^<]*\S[^<]*<\/title>/)) != findings.contains { $0.check == "title" },
                "\(template.name)")
        }
        #expect(composed > 60)
        #expect(checks["language"] ?? 0 > 20 && checks["css"] ?? 0 > 5 && checks["contrast"] ?? 0 > 5, "\(checks)")
    }
}

private enum TemplateCorpus {
    private static let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"]
        .map { URL(fileURLWithPath: $0).appending(path: "email-templates") }

    static var isThere: Bool { folder.map { FileManager.default.fileExists(atPath: $0.path) } ?? false }

    static func all() throws -> [(name: String, html: String)] {
        guard let folder else { return [] }
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".html") }
            .sorted().map {
                ($0, try String(contentsOf: folder.appending(path: $0), encoding: .utf8))
            }
    }

    /// Nil where our rules for templates say why it is none; with words in place of merge tags that are like ours.
    static func letter(_ html: String) throws -> SampleLetter? {
        let body = html.replacing(/\{\{[^}]*\}\}/, with: "word")
        let files = [
            "workspace.yaml": """
            workspace: shop
            time_zone: UTC
            sender: {name: Shop, address: hello@shop.example}
            address: Kade 1
            topics: [{topic: news, wording: News}]
            """,
            "emails/news/email.yaml": "subject: News\ntopic: news\n",
            "emails/news/body.txt.mustache": "News. {{links.unsubscribe}}\n", "emails/news/body.html.mustache": body,
        ]
        let loaded = Workspace.load(files: files)
        guard let workspace = loaded.workspace, let email = workspace.emails["news"] else {
            #expect(loaded.findings.contains { $0.severity == .error && $0.file == "emails/news/body.html.mustache" })
            return nil
        }
        let composer = try SampleComposer(
            publicURL: "https://go.shop.example", secrets: [LinkSecret(id: "s", bytes: Array(repeating: 7, count: 32))],
            keys: DKIMKeyRing(), clock: .host, logger: Logger(label: "test"))
        return try composer.letter(
            email, in: workspace, for: ["email": .string("anne@example.com")], to: "anne@example.com", id: .random(),
            at: Timestamp(microseconds: 0))
    }
}
