import Testing

@testable import Preflight

@Suite struct MailSampleTests {
    private static let way = "https://go.shop.test/u/x"
    private static let sound = """
        <!DOCTYPE html><html lang="en"><head><title>News</title><style>.soft{color:#666}</style></head>
        <body style="background:#ffffff;color:#222222"><p>Good morning, this is what is new with us this week.</p>
        <p class="soft">Softly</p><img src="https://shop.test/a.png" alt="A coat" width="200">
        <a href="https://shop.test/">The shop</a><a href="\(way)">No more</a></body></html>
        """

    private func sample(_ html: String) -> MailSample {
        MailSample(
            subject: "News", text: "News. \(Self.way)", html: html, isMarketing: true, unsubscribeLink: Self.way)
    }

    @Test func aSoundMailHasNothingToMend() { #expect(sample(Self.sound).findings == []) }

    @Test(arguments: [
        (" lang=\"en\"", "", "language", PreflightFinding.Severity.warning),
        ("<title>News</title>", "", "title", .warning),
        (" alt=\"A coat\"", "", "images", .warning), (" width=\"200\"", "", "images", .warning),
        ("src=\"https://shop.test/a.png\"", "", "images", .error),
        ("https://shop.test/\"", "http://shop.test/\"", "links", .warning),
        ("href=\"https://shop.test/\"", "href=\"http://localhost:8080/\"", "links", .error),
        ("href=\"https://shop.test/\"", "href=\"https://192.168.1.4/x\"", "links", .error),
        ("href=\"https://shop.test/\"", "href=\"https:///x\"", "links", .error),
        ("href=\"https://shop.test/\"", "href=\"/shop\"", "links", .error),
        ("href=\"https://shop.test/\"", "href=\"\"", "links", .error),
        ("href=\"https://shop.test/\"", "href=\"javascript:go()\"", "links", .warning),
        ("href=\"https://shop.test/\"", "href=\"https://shop.test/*|ID|*\"", "links", .error),
        (">The shop<", "><", "links", .warning), (">The shop<", ">https://bank.test/login<", "links", .warning),
        ("<a href=\"\(way)\">No more</a>", "", "unsubscribe", .error),
        ("color:#666", "color:#aaa", "contrast", .warning),
        ("Softly", "<span style=\"color:rgb(255, 255, 0)\">Softly</span>", "contrast", .warning),
        ("color:#666", "display:flex", "css", .warning), ("<p>", "<p style=\"position:absolute\">", "css", .warning),
        ("<style>", "<style>@import url(x.css);", "css", .warning), ("<p>", "<form></form><p>", "css", .warning),
        ("Softly", "{{name}}", "merge", .error),
    ])
    func eachFaultIsFound(_ what: String, _ instead: String, _ check: String, _ severity: PreflightFinding.Severity) {
        let html = Self.sound.replacing(what, with: instead)
        #expect(html != Self.sound)
        let found = sample(html).findings.filter { $0.check == check }
        #expect(found.map(\.severity).max() == severity, "\(sample(html).findings)")
    }

    @Test func whatIsTooLongIsCutOff() {
        let html = Self.sound.replacing("Softly", with: String(repeating: "word ", count: 21_000))
        #expect(sample(html).findings.map(\.check) == ["size"])
    }

    @Test(arguments: [
        // Hidden, large, of another selector that need not be about it, on an image that may be any.
        "<p style=\"display:none;color:#fff\">Preheader words</p>", "<h1 style=\"color:#888\">Large words</h1>",
        "<style>td p{color:#ddd}</style><p>Whose words</p>",
        "<div style=\"background:url(x.png)\"><p style=\"color:#fff\">On an image</p></div>",
        "<!-- <p style=\"color:#fff\">Not there</p> -->", "<p style=\"color:#eee;background:#111\">Light on dark</p>",
        "<p style=\"color:inherit\">As around</p>",
        "<table bgcolor=\"#000000\"><td style=\"color:#ffffff\">Cells</td></table>",
    ])
    func whatCanBeReadIsLeftAlone(_ html: String) {
        let found = sample(Self.sound.replacing("<p class=\"soft\">Softly</p>", with: html)).findings
        #expect(!found.contains { $0.check == "contrast" }, "\(found)")
    }

    /// The ratios that WCAG's own examples give.
    @Test(arguments: [
        ("#000", "#fff", 21.0), ("#777777", "#ffffff", 4.47), ("#767676", "#ffffff", 4.54), ("red", "white", 3.99),
    ])
    func contrastIsWhatWCAGSays(_ a: String, _ b: String, _ ratio: Double) throws {
        guard case .colour(let one) = Colour.read(a, on: nil), case .colour(let other) = Colour.read(b, on: nil) else {
            Issue.record("no colours")
            return
        }
        #expect(abs(one.contrast(with: other) - ratio) < 0.01)
    }

    @Test func everyBeginningOfAMailIsRead() {
        for end in Self.sound.indices { _ = sample(String(Self.sound[..<end])).findings }
        for text in [
            "<", "</", "<a", "<a href", "<a href=", "<a href='", "<!--", "<style>", "<!", "<p style=\"a:b(\">",
            "<style>@media{",
        ] {
            _ = sample(text).findings
            _ = sample(String(repeating: text, count: 500)).findings
        }
    }

    @Test func aMailWithoutAWayOutInItsTextIsToldSo() {
        var sample = sample(Self.sound)
        sample.text = "News."
        #expect(sample.findings.map(\.check) == ["unsubscribe"])
        sample.isMarketing = false
        #expect(sample.findings == [])
    }
}
