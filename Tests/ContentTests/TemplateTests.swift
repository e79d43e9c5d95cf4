import Content
import Model
import Testing

private func render(_ source: String, _ kind: Template.Kind = .text, _ values: [String: JSON] = [:]) throws -> String {
    try Template(source, as: kind).render(values)
}

private let anne: [String: JSON] = [
    "contact": .object([
        "first_name": .string("Anne"), "age": .int(41), "score": .double(2.5), "whole": .double(3), "vip": .bool(true),
        "blocked": .bool(false), "nothing": .null, "empty": .string(""),
        "orders": .array([.object(["id": .int(1)]), .object(["id": .int(2), "first_name": .string("inner")])]),
        "tags": .array([.string("a"), .string("b")]), "none": .array([]),
    ])
]

@Suite struct Rendering {
    @Test func valuesOfEveryKindAreWrittenAsReadersExpect() throws {
        let text = "{{contact.first_name}} {{ contact.age }} {{contact.score}} {{contact.whole}} {{contact.vip}}"
        #expect(try render(text, .text, anne) == "Anne 41 2.5 3 true")
    }

    @Test func whatIsMissingRendersAsNothing() throws {
        for name in [
            "nobody", "contact.surname", "contact.first_name.length", "contact.nothing", "contact", "contact.tags",
            "contact.age.description", "contact.tags.count", "contact.first_name.json", "contact.vip.budget",
        ] {
            #expect(try render("[{{\(name)}}]", .text, anne) == "[]")
            #expect(try render("[{{\(name)}}]", .html, anne) == "[]")
        }
    }

    @Test func sectionsFollowTheirValue() throws {
        let source = "{{#contact.X}}yes{{/contact.X}}{{^contact.X}}no{{/contact.X}}"
        for (name, expected) in [
            ("vip", "yes"), ("first_name", "yes"), ("age", "yes"), ("blocked", "no"), ("nothing", "no"),
            ("empty", "no"),
            ("none", "no"), ("missing", "no"), ("tags", "yesyes"),
        ] {
            #expect(try render(source.replacing("X", with: name), .text, anne) == expected)
        }
    }

    @Test func listsRepeatAndSeeWhatLiesAround() throws {
        let orders = "{{#contact.orders}}{{id}}:{{contact.first_name}}:{{first_name}};{{/contact.orders}}"
        #expect(try render(orders, .text, anne) == "1:Anne:;2:Anne:inner;")
        #expect(try render("{{#contact.tags}}<{{.}}>{{/contact.tags}}", .text, anne) == "<a><b>")
    }

    @Test func tagsAloneOnTheirLinesLeaveNoLines() throws {
        let source = "{{! note }}\nA\n{{#contact.vip}}\nB\n{{/contact.vip}}\nC\n"
        #expect(try render(source, .text, anne) == "A\nB\nC\n")
        #expect(try render("\r\nA\r\n", .text) == "\nA\n")
        #expect(try render("{{#contact.vip}}\nfirst\n{{/contact.vip}}\n", .text, anne) == "first\n")
    }

    @Test func textIsNotEscapedAndHTMLIs() throws {
        let values: [String: JSON] = ["x": .string("<b>\"Tom\" & 'Jerry'</b>")]
        #expect(try render("{{x}}", .text, values) == "<b>\"Tom\" & 'Jerry'</b>")
        #expect(
            try render("{{x}}", .html, values) == "&lt;b&gt;&quot;Tom&quot; &amp; &#39;Jerry&#39;&lt;/b&gt;")
    }

    /// The Mustache library escapes by Character, of which these are not the quote or the bracket.
    @Test func combiningMarksDoNotDefeatEscaping() throws {
        let values: [String: JSON] = ["x": .string("\"\u{301} onclick=x <\u{301}script>")]
        let html = try render("<a title=\"{{x}}\">", .html, values)
        #expect(!html.unicodeScalars.dropFirst(10).dropLast(2).contains { $0 == "\"" || $0 == "<" })
    }

    @Test func templatesInValuesAreText() throws {
        let values: [String: JSON] = ["x": .string("{{y}} {{{y}}} {{% CONTENT_TYPE:TEXT}}"), "y": .string("secret")]
        #expect(try render("{{x}}", .text, values) == "{{y}} {{{y}}} {{% CONTENT_TYPE:TEXT}}")
    }

    @Test func aLineStaysALine() throws {
        let values: [String: JSON] = ["x": .string(" a\r\nBcc: b\t\u{0}c\u{2028}d ")]
        #expect(try render("[{{x}}]", .line, values) == "[a Bcc: b c d]")
        #expect(try render("a\t{{x}}\tb", .line, ["x": .string("c")]) == "a c b")
        for source in ["a\nb", "a\u{7F}", "a\u{85}b", "a\u{2028}b", "\u{2029}"] {
            #expect(throws: TemplateError.self) { try Template(source, as: .line) }
        }
    }

    @Test func mergeFieldsAreListed() throws {
        let template = try Template("{{b}}{{#a.list}}{{.}}{{c}}{{/a.list}}{{b}}{{! d }}", as: .text)
        #expect(template.mergeFields == [".", "a.list", "b", "c"])
    }
}

@Suite struct OutputLimit {
    @Test func outputIsBoundedWhateverTheNesting() throws {
        let items = JSON.array((0..<30).map { .int($0) })
        var source = "x"
        for _ in 0..<4 { source = "{{#items}}\(source){{/items}}" }
        let output = try? render(source, .text, ["items": items])
        #expect(output == nil, "30⁴ letters")
        var deep = String(repeating: "wide ", count: 100)
        for _ in 0..<16 { deep = "{{#items}}\(deep){{/items}}" }
        #expect { try render(deep, .text, ["items": items]) } throws: { "\($0)".contains("512 KB") }
        var empty = ""
        for _ in 0..<16 { empty = "{{#items}}\(empty){{/items}}" }
        #expect(throws: TemplateError.self) { try render(empty, .text, ["items": items]) }
    }

    @Test func largeValuesCount() throws {
        let values: [String: JSON] = ["x": .string(String(repeating: "v", count: 300_000))]
        #expect(try render("{{x}}", .text, values).utf8.count == 300_000)
        #expect(throws: TemplateError.self) { try render("{{x}}{{x}}", .text, values) }
    }

    @Test func whatFitsIsRendered() throws {
        let items = JSON.array((0..<30).map { .int($0) })
        let source = "{{#items}}{{#items}}\(String(repeating: "z", count: 100)){{/items}}{{/items}}"
        #expect(try render(source, .text, ["items": items]).utf8.count == 90_000)
    }
}
