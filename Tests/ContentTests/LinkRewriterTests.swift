import Content
import Testing

private let rewriter = LinkRewriter(keeping: ["https://u.test/out?a=1&b=2"]) { "https://t.test/c?to=\($0)" }

@Suite struct LinksInHTML {
    @Test(arguments: [
        ("<a href=\"https://a.test/\">x</a>", "<a href=\"https://t.test/c?to=https://a.test/\">x</a>"),
        (
            "<A class=b HREF='http://a.test/?x=1&amp;y=2' id=c>",
            "<A class=b HREF=\"https://t.test/c?to=http://a.test/?x=1&amp;y=2\" id=c>"
        ),
        ("<a href=https://a.test/>", "<a href=\"https://t.test/c?to=https://a.test/\">"),
        ("<a\nhref = \" https://a.test \">", "<a\nhref = \"https://t.test/c?to=https://a.test\">"),
        (
            "<a title=\"a > b\" href=\"https://a.test\">",
            "<a title=\"a > b\" href=\"https://t.test/c?to=https://a.test\">"
        ),
        ("<a href=\"HTTPS://A.test\">", "<a href=\"https://t.test/c?to=HTTPS://A.test\">"),
        (
            "<a href=\"https://a.test/&quot;&#39;&#x3C;é\">",
            "<a href=\"https://t.test/c?to=https://a.test/&quot;&#39;&lt;é\">"
        ),
    ])
    func webLinksAreRewritten(_ html: String, _ expected: String) {
        #expect(rewriter.html(html) == expected)
    }

    @Test(arguments: [
        "<a href=\"mailto:a@b.test\">", "<a href=\"tel:+31\">", "<a href=\"#top\">", "<a name=\"https://a.test\">",
        "<a href=\"https://u.test/out?a=1&amp;b=2\">", "<abbr href=\"https://a.test\">",
        "<link href=\"https://a.test\">",
        "<img src=\"https://a.test/i.png\">", "<!-- <a href=\"https://a.test\"> -->",
        "<a data-href=\"https://a.test\">",
        "<script>'<a href=\"https://a.test\">'</script>", "<style>/*<a href=\"https://a.test\">*/</style>",
        "a < b <a href=\"", "<a href", "<a href=", "<", "<a", "<!--", "<a =x>", "text https://a.test",
        "<a title=\"<a href='https://a.test'>\">", "<p title=\"<a href='https://a.test'>\">",
        "<p x=a=\" title='<a href=https://a.test>'>", "<p ='<a href=https://a.test>'>",
    ])
    func allElseStays(_ html: String) {
        #expect(rewriter.html(html) == html)
    }

    @Test func severalLinksAndWhatLiesBetween() {
        let html = "<p>é</p><a href='http://a.test'>1</a> & <a href='http://b.test'>2</a>\n</body>"
        let expected =
            "<p>é</p><a href=\"https://t.test/c?to=http://a.test\">1</a> & "
            + "<a href=\"https://t.test/c?to=http://b.test\">2</a>\n</body>"
        #expect(rewriter.html(html) == expected)
    }

    @Test func thePixelGoesBeforeTheLastEndOfTheBody() {
        let image = "<img src=\"https://t.test/o?a=1&amp;b=2\" width=\"1\" height=\"1\" alt=\"\">"
        let pixel = "https://t.test/o?a=1&b=2"
        #expect(LinkRewriter.appendingPixel(pixel, to: "<body>é</BODY></html>") == "<body>é\(image)</BODY></html>")
        #expect(LinkRewriter.appendingPixel(pixel, to: "<p>x") == "<p>x\(image)")
        #expect(LinkRewriter.appendingPixel(pixel, to: "") == image)
    }
}

@Suite struct LinksInText {
    @Test(arguments: [
        ("See https://a.test/x.", "See [https://a.test/x]."),
        ("(https://a.test/x_(y)) ok", "([https://a.test/x_(y)]) ok"),
        ("<https://a.test>, \"http://b.test\"!", "<[https://a.test]>, \"[http://b.test]\"!"),
        ("a\nHTTPS://A.TEST\r\nb", "a\n[HTTPS://A.TEST]\r\nb"), ("xhttps://a.test", "xhttps://a.test"),
        ("mailto:a@b.test ftp://c.test https:/x", "mailto:a@b.test ftp://c.test https:/x"), ("", ""),
        ("https://a.test/?q=é https://b.test", "[https://a.test/?q=é] [https://b.test]"),
        ("keep https://k.test", "keep https://k.test"),
    ])
    func addressesAreRewrittenWithoutTheirPunctuation(_ text: String, _ expected: String) {
        let rewriter = LinkRewriter(keeping: ["https://k.test"]) { "[\($0)]" }
        #expect(rewriter.text(text) == expected)
    }
}
