import Foundation
import Laboratory
import Model
import Postgres
import TestSupport
import Testing

/// From a form to a confirmed consent, its mail and the page that ends it, by real services.
@Suite struct DoubleOptInClusterTests {
    private static let files = Shop.files.merging([
        "workspace.yaml": Shop.files["workspace.yaml"]! + """

              - {topic: news, wording: {en: "Yes, send me news", nl: "Ja, stuur mij nieuws"}, version: 3, double_opt_in: true}
            locale: en
            """,
        "forms.yaml": """
        forms:
          - form: sign-up
            fields: [{field: mail, type: email, required: true}]
            consent: {topic: news, address: mail}
        """,
        "journeys/reader.yaml": """
        journey: reader
        enter: {event: Consent Confirmed, when: 'consented("news")', again: never}
        steps: [{email: first-news}]
        """,
        "emails/first-news/email.yaml": "subject: The first news\ntopic: news\n",
        "emails/first-news/body.txt.mustache":
            "News.\n{{links.unsubscribe}}\n{{links.preferences}}\n{{workspace.address}}\n",
    ]) { $1 }

    private static func link(_ path: String, in text: String) -> String? {
        let text = text.replacing("=\r\n", with: "")
        guard let range = text.range(of: "/\(path)/") else { return nil }
        return "/\(path)/" + text[range.upperBound...].prefix { !$0.isWhitespace && $0 != "\"" && $0 != "<" }
    }

    private static func send(_ body: String, to path: String, _ cluster: Cluster) async throws -> (Int, String) {
        try await cluster.open("\(cluster.ingest)\(path)", method: "POST", body: body)
    }

    @Test(.timeLimit(.minutes(10)))
    func aFormsRequestIsConfirmedAndTakenBack() async throws {
        try await Cluster.with(workspace: Self.files) { cluster in
            let key = try await cluster.loods("keys", "create", "--kind", "public")
                .trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(try await Self.send("mail=Anne%40example.com", to: "/f/\(key)/sign-up", cluster).0 == 200)
            let asked = try await eventually("the confirmation is asked for") {
                try cluster.mail.mails().first
            }
            #expect(asked.to == "Anne@example.com" || asked.to.contains("Anne@example.com"), "\(asked.to)")
            #expect(!asked.text.contains("List-Unsubscribe") && !asked.text.contains("/o/"))
            let link = try #require(Self.link("confirm", in: asked.text), "\(asked.text)")
            #expect(try await cluster.open("\(cluster.ingest)\(link)").0 == 200)
            #expect(try await cluster.texts("select state from consents") == ["pending"])
            #expect(try await Self.send("confirm=yes", to: link, cluster).0 == 200)
            let news = try await eventually("the first news arrives") {
                try cluster.mail.mails().first { $0.text.contains("The first news") }
            }
            #expect(try await cluster.texts("select state from consents order by at") == ["pending", "given"])
            let proofs = try await cluster.texts(
                "select wording || '|' || (proof ->> 'version') || '|' || length(proof ->> 'wording_sha256') from consents"
            )
            #expect(Set(proofs) == ["Yes, send me news|3|64"])
            #expect(try await Self.send("confirm=yes", to: link, cluster).0 == 200)
            #expect(try await cluster.count("select count(*) from consents") == 2)

            let page = try #require(Self.link("preferences", in: news.text))
            let (status, html) = try await cluster.open("\(cluster.ingest)\(page)")
            #expect(status == 200 && html.contains("value=\"news email\" checked"), "\(html)")
            let withdrawn = "select count(*) from consents where state = 'withdrawn'" as Query
            let took = try await ContinuousClock().measure {
                let (done, saved) = try await Self.send("shown=news+email&act=save", to: page, cluster)
                #expect(done == 200 && saved.contains("Your choices are saved."), "\(saved)")
            }
            #expect(try await cluster.count(withdrawn) == 1 || took > Cluster.storeStall, "it holds once it is saved")
            try await eventually("consent is withdrawn") { try await cluster.count(withdrawn) == 1 }
            #expect(try await Self.send("confirm=yes", to: link, cluster).0 == 410)
            let told = try await cluster.loods("explain", "anne@example.com")
            #expect(told.contains("asked for, and has not confirmed, “news”"), "\(told)")
            #expect(told.contains("withdrew consent to “news”"), "\(told)")
            let mail = try await cluster.loods("explain", "anne@example.com", "reader/first-news")
            #expect(
                mail.contains("✓ consent to “news”: given ") && mail.contains("(“Yes, send me news”, v3)"), "\(mail)")
            #expect(mail.contains(", confirmed "), "\(mail)")
        }
    }
}
