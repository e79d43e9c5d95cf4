import Content
import Model
import Testing

@Suite struct TemplateRules {
    @Test(
        arguments: [
            ("{{{x}}}", "unescaped", 1, 1), ("a\n {{&x}}", "unescaped", 2, 2), ("{{> part}}", "partial", 1, 1),
            ("{{< part}}{{/part}}", "parent", 1, 1), ("{{$ block}}{{/block}}", "block", 1, 1),
            ("\n\n{{% CONTENT_TYPE:TEXT}}", "pragma", 3, 1), ("{{=<% %>=}}", "delimiters", 1, 1),
            ("{{uppercased(x)}}", "does not end, or a name", 1, 1), ("{{}}", "without a name", 1, 1),
            ("{{.x}}", "malformed", 1, 1), ("{{x..y}}", "malformed", 1, 1), ("{{x.-url}}", "malformed", 1, 1),
            ("{{#x.-section-1}}{{/x.-section-1}}", "malformed", 1, 1), ("ab{{x", "does not end", 1, 3),
            ("{{x}", "does not end", 1, 1), ("{{", "does not end", 1, 1), ("{{! never", "comment", 1, 1),
            ("{{#a}}x", "\"a\" is not closed", 1, 1), ("{{/a}}", "not opened", 1, 1),
            ("{{#a}}\n{{#b}}{{/a}}{{/b}}", "\"a\" is closed where \"b\" is open", 2, 7),
            ("ok\u{7}", "control character", 1, 3), ("{{x}}\u{301}", "does not end", 1, 1),
        ] as [(String, String, Int, Int)])
    func faultsAreNamedWithTheirPlace(_ source: String, _ words: String, _ line: Int, _ column: Int) {
        #expect { try Template(source, as: .text) } throws: {
            guard let error = $0 as? TemplateError else { return false }
            return error.message.contains(words) && error.line == line && error.column == column
        }
    }

    /// "؀{" is one Character, so the library sees text where bytes show a comment, and a tag within it.
    @Test func prefixedBracesHideNothing() {
        #expect(throws: TemplateError.self) { try Template("\u{600}{{! {{{x}}} }}", as: .html) }
    }

    @Test func sizeAndNestingAreBounded() throws {
        _ = try Template(String(repeating: "x", count: 64 * 1024), as: .text)
        #expect(throws: TemplateError.self) { try Template(String(repeating: "x", count: 64 * 1024 + 1), as: .text) }
        func nested(_ depth: Int) -> String {
            String(repeating: "{{#a}}", count: depth) + String(repeating: "{{/a}}", count: depth)
        }
        _ = try Template(nested(16), as: .text)
        #expect(throws: TemplateError.self) { try Template(nested(17), as: .text) }
        #expect(throws: TemplateError.self) { try Template(nested(3000), as: .text) }
    }

    @Test(arguments: [
        "<script>var a = '{{x}}'</script>", "<style>.a{color:{{x}}}</style>", "<SCRIPT >{{x}}</SCRIPT>",
        "<p class={{x}}>", "<p {{x}}>", "<p {{x}}=\"1\">", "<{{x}}>", "<a{{x}}>", "</{{x}}>", "<p class= {{x}}>",
        "<p onclick=\"{{x}}\">", "<p ONCLICK='f({{x}})'>", "<p style=\"color:{{x}}\">", "<iframe srcdoc=\"{{x}}\">",
        "<p title=\"a\"{{x}}>", "<!DOCTYPE {{x}}>", "<style></styles>{{x}}</style>", "<p title=\"\u{301}a\" {{x}}>",
        "<title><a href='</title><img src={{x}}>'", "<p title = {{x}}>", "<noscript>{{x}}</noscript>",
    ])
    func mergeFieldsStandOnlyWhereEscapingProtects(_ source: String) {
        #expect { try Template(source, as: .html) } throws: {
            ($0 as? TemplateError)?.message.contains("merge field") == true
        }
    }

    @Test(arguments: [
        "<p>{{x}}</p>", "<p title=\"{{x}}\" class='a {{x}}'>{{x}}</p>", "<!-- {{x}} -->{{x}}", "<title>{{x}}</title>",
        "<script>if (a < b) {}</script>{{x}}", "<style>a > b {}</style >{{x}}", "<br/>{{x}}<img src=a.png>{{x}}",
        "<a href=\"https://a.test/?q={{x}}\">{{x}}</a>", "a < b {{x}}", "<!--[if mso]><a href=\"{{x}}\"><![endif]-->",
        "<td {{#x}}class=\"a\"{{/x}}>{{x}}</td>", "<a href=\"{{#x}}{{x}}{{/x}}{{^x}}https://a.test{{/x}}\">t</a>",
        "<p title = \"{{x}}\" hidden>{{x}}", "<!doctype html><html lang=nl>{{x}}</html>",
    ])
    func ordinaryHTMLIsTaken(_ source: String) throws {
        _ = try Template(source, as: .html)
    }

    @Test(arguments: ["{{#x}}<p title=\"{{/x}}a\">", "{{#x}}<script>{{/x}}</script>", "<p{{#x}}>{{/x}} class=a>"])
    func sectionsStayWithinTheirPlace(_ source: String) {
        #expect { try Template(source, as: .html) } throws: {
            ($0 as? TemplateError)?.message.contains("different places") == true
        }
    }

    @Test(arguments: ["<p", "<p title=\"", "<!-- never", "<script>"])
    func aTemplateDoesNotEndInsideATag(_ source: String) {
        #expect(throws: TemplateError.self) { try Template(source, as: .html) }
    }

    @Test func aFieldThatBeginsALinkGivesOnlyHarmlessSchemes() throws {
        let quoted = try Template("<a href=\"{{x}}\">{{x}}</a>", as: .html)
        for address in [
            "javascript:alert(1)", " JavaScript:x", "java\nscript:x", "\u{1}javascript:x", "data:text/html,x",
            "vbscript:x",
            ":x", "file:///etc/passwd",
        ] {
            let html = try quoted.render(["x": .string(address)])
            #expect(html.hasPrefix("<a href=\"#\">"), "\(address)")
        }
        for address in [
            "https://a.test/?a=1&b=x:y", "HTTP://a.test", "mailto:a@b.test", "tel:+31", "/path:x", "?a:b", "x",
        ] {
            let html = try quoted.render(["x": .string(address)])
            #expect(html.hasPrefix("<a href=\"\(HTMLText.escaped(address))\">"), "\(address)")
        }
    }

    /// Browsers skip white space and controls before a scheme, and resolve character references first.
    @Test(arguments: [
        "<a href=\" {{x}}\">", "<a href=\"\n{{x}}\">", "<a href='\t\n {{x}}'>", "<a href=\"&#32;{{x}}\">",
        "<a href=\"&Tab;&NewLine;{{x}}\">", "<a href=\"&#x1;{{x}}\">", "<a href=\"{{none}}{{x}}\">",
        "<a href=\"{{none}} {{x}}\">", "<img src=\" {{x}}\">", "<a href=\"{{#y}} {{x}}{{/y}}\">",
        "<a href=\"{{#none}}https://a.test/{{/none}} {{x}}\">", "<form action=\"\r\n{{x}}\">",
        "<a href=\"{{#none}}{{none}}{{/none}}{{^none}} {{x}}{{/none}}\">",
    ])
    func whatComesBeforeTheFieldHidesNoScheme(_ source: String) throws {
        let template = try Template(source, as: .html)
        let html = try template.render(["x": .string("javascript:alert(1)"), "y": .bool(true)])
        #expect(!html.contains("javascript"), "\(html)")
        #expect(html.contains("#"), "\(html)")
    }

    @Test func aFieldBehindTheBeginningOfASchemeCannotEndIt() throws {
        for (prefix, value) in [("java", "script:alert(1)"), ("javascript", ":alert(1)"), ("java\n", "script:x")] {
            let html = try Template("<a href=\"\(prefix){{x}}\">", as: .html).render(["x": .string(value)])
            #expect(html == "<a href=\"\(prefix)#\">")
        }
    }

    @Test(arguments: [
        "<a href=\"{{x}}://a.test\">", "<a href=\"{{x}}:alert(1)\">", "<a href=\" {{x}} :y\">",
        "<a href=\"{{x}}&colon;y\">", "<a href=\"{{x}}&#58;y\">", "<a href=\"{{x}}&#x3ay\">",
        "<a href=\"{{x}}&#0000058;y\">", "<a href=\"{{x}}script:y\">", "<a href=\"{{#x}}{{x}}{{/x}}:y\">",
        "<a href=\"{{#x}}{{^y}}:{{/y}}{{z}}{{/x}}\">",
        "<a href=\"{{#x}}{{x}}{{/x}}{{^x}}y{{/x}}{{#x}}:z{{/x}}\">", "<a href=\"{{x}}{{^x}}a:{{/x}}\">",
        "<a href=\"javascript:f('{{x}}')\">", "<a href=\"JavaScript:{{x}}\">", "<a href=\" data:{{x}}\">",
        "<a href=\"java&#115;cript:{{x}}\">", "<a href=\"&#{{x}}\">", "<a href=\"&#5{{x}}\">",
        "<a href=\"{{#y}}javascript:{{/y}}{{x}}\">", "<a href=\"{{#y}}java{{/y}}script:{{x}}\">",
    ])
    func noFieldMakesAScheme(_ source: String) {
        #expect(throws: TemplateError.self) { try Template(source, as: .html) }
    }

    @Test func aFieldBeforeAColonIsNamedWithItsPlace() {
        #expect { try Template("<p>\n<a href=\"{{scheme}}://a.test\">", as: .html) } throws: {
            "\($0)" == "a merge field before a \":\" in a URL: write the scheme out at line 2, column 10"
        }
    }

    @Test(arguments: [
        "<a href=\"mailto:{{x}}\">", "<a href=\"tel:{{x}}\">", "<a href=\"HTTPS://{{x}}:80/\">",
        "<a href=\"{{x}}/a:b\">", "<a href=\"{{x}}?t=10:30\">", "<a href=\"{{x}}&amp;t=10:30\">",
        "<a href=\"/{{x}}:y\">", "<p title=\"{{x}}:\">", "<a href=\"{{^x}}https://a.test{{/x}}{{#x}}{{x}}{{/x}}\">",
        "<a href=\"{{#x}}{{x}}{{/x}}{{^x}}https://a.test{{/x}}?a={{y}}\">",
    ])
    func ordinaryURLsAreTaken(_ source: String) throws {
        _ = try Template(source, as: .html)
    }

    @Test func aFieldAfterAnEmptySectionMayBeginALinkToo() throws {
        let template = try Template("<a href=\"{{#p}}https://a.test/{{/p}}{{x}}\">", as: .html)
        #expect(try template.render(["x": .string("javascript:x")]) == "<a href=\"#\">")
        #expect(try template.render(["p": .bool(true), "x": .string("y")]) == "<a href=\"https://a.test/y\">")
        let list = try Template("{{#l}}<a href=\"{{.}}\">{{/l}}", as: .html)
        #expect(
            try list.render(["l": .array([.string("data:x"), .string("tel:1")])]) == "<a href=\"#\"><a href=\"tel:1\">")
    }
}

@Suite struct Emails {
    @Test func partsAreRenderedEachInItsWay() throws {
        let template = try EmailTemplate(
            subject: "For {{contact.name}}", text: "Hi {{contact.name}}\n{{links.unsubscribe}}",
            html: "<p>{{contact.name}} {{message.id}}</p>")
        let email = try template.render([
            "contact": .object(["name": .string("A&B\nC")]),
            "links": .object(["unsubscribe": .string("https://u.test/1")]),
            "message": .object(["id": .string("m1")]),
        ])
        #expect(
            email
                == RenderedEmail(
                    subject: "For A&B C", text: "Hi A&B\nC\nhttps://u.test/1", html: "<p>A&amp;B\nC m1</p>"))
        #expect(template.mergeFields == ["contact.name", "links.unsubscribe", "message.id"])
    }

    @Test func faultsNameTheirPart() {
        #expect { try EmailTemplate(subject: "s", text: "t", html: "<p>\n{{{x}}}") } throws: {
            "\($0)" == "html: an unescaped merge field: use {{…}} at line 2, column 1"
        }
        #expect { try EmailTemplate(subject: "s", text: " \n") } throws: { ($0 as? TemplateError)?.part == .text }
        #expect { try EmailTemplate(subject: "{{", text: "t") } throws: { ($0 as? TemplateError)?.part == .subject }
    }
}
