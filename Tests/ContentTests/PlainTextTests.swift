import Content
import Model
import Testing

/// The text that is made of HTML.
@Suite struct PlainTextTests {
    @Test(
        arguments: [
            ("<p>One</p>\n<p>two\n three</p>", "One\n\ntwo three\n"),
            ("<h1>Head</h1>text<br>next<hr>", "Head\n\ntext\nnext\n\n----------\n"),
            (
                "See <a href=\"https://a.test/?x=1&amp;y=2\">the <b>shop</b></a>.",
                "See the shop (https://a.test/?x=1&y=2).\n"
            ),
            ("<a href=\"https://a.test\">https://a.test</a>", "https://a.test\n"),
            ("<a href=\"https://a.test\"><img src=x alt=\" Our shop \"></a>", "Our shop (https://a.test)\n"),
            ("<a href=\"https://a.test\"><img src=x></a>", "https://a.test\n"),
            ("<a href=\"#top\">Up</a> <a href=\"mailto:a@b.test?subject=x\">Write</a>", "Up Write (a@b.test)\n"),
            ("<ul><li>a</li><li><p>b</p><ul><li>c</li></ul></li></ul>end", "- a\n- b\n  - c\n\nend\n"),
            ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b\n"),
            (
                "<table><tr><th>Tea</th><th>Price</th></tr><tr><td>Sencha</td><td>&euro;&nbsp;4</td></tr></table>x",
                "Tea | Price\nSencha | € 4\n\nx\n"
            ),
            (
                "<table role=\"presentation\"><tr><td>left</td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>",
                "left\na | b\n"
            ),
            ("<table><tr><td></td><td>only</td></tr></table>", "only\n"),
            (
                "<html><head><title>No</title><style>p>a{}</style></head><body><!-- no --><div style=\"display: none\">no<div>no</div></div>"
                    + "<script>'<p>no'</script>yes</body></html>", "yes\n"
            ),
            ("&lt;b&gt; &amp;amp; &#8364; &unknown; a&shy;b", "<b> &amp; € &unknown; ab\n"),
            ("a < b <3", "a < b <3\n"), ("", "\n"), ("<p", "\n"), ("<a href='x", "\n"),
            ("</p></ul></table></a>x", "x\n"),
        ])
    func htmlIsReadable(_ html: String, _ text: String) {
        #expect(PlainText.of(html: html) == text)
    }

    @Test func deepAndBrokenHTMLEnds() {
        let open = String(repeating: "<ul><li><table><tr><td><a href=x>", count: 4_000)
        #expect(PlainText.of(html: open + "end").contains("end"))
        for piece in [
            "<", "</", "<a", "<a ", "<a x", "<a x=", "<a x='", "<!--", "<!", "&", "&#", "&#x", "<style>", "<li>",
        ] {
            _ = PlainText.of(html: String(repeating: piece, count: 5_000))
        }
    }

    @Test func mailsWithoutTextHaveWhatTheHTMLSays() throws {
        let template = try EmailTemplate(
            subject: "Hi", text: nil, html: "<title>x</title><p>Hello {{name}}, <a href=\"{{url}}\">go</a></p>")
        let mail = try template.render(["name": .string("A & B"), "url": .string("https://a.test/?a&b")])
        #expect(mail.text == "Hello A & B, go (https://a.test/?a&b)\n")
        #expect(throws: TemplateError.self) { try EmailTemplate(subject: "Hi", text: nil) }
    }

    @Test func preheadersAreHiddenAndFillTheLine() throws {
        let html = Preheader.put("Now &amp; here", into: "<html><BODY class=\"a\">\n<p>Hi</p></BODY></html>")
        #expect(html.hasPrefix("<html><BODY class=\"a\"><div style=\"display:none;"))
        #expect(html.contains(">Now &amp; here&#847;&zwnj;&nbsp;") && html.hasSuffix("</div>\n<p>Hi</p></BODY></html>"))
        #expect(Preheader.put("x", into: "<p>Hi</p>").hasSuffix("</div><p>Hi</p>"))
        #expect(PlainText.of(html: html) == "Hi\n")
    }
}
