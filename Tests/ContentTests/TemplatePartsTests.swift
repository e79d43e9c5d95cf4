import Content
import Model
import Testing

/// Layouts, partials, blocks and fallbacks.
@Suite struct TemplatePartsTests {
    private func render(
        _ source: String, _ parts: TemplateParts = TemplateParts(), _ values: [String: JSON] = [:],
        as kind: Template.Kind = .html, choices: [String: String] = [:]
    ) throws -> String {
        try Template(source, as: kind, with: parts).render(values, choices: choices)
    }

    private func fault(_ source: String, _ parts: TemplateParts, _ kind: Template.Kind = .html) -> String? {
        do {
            _ = try Template(source, as: kind, with: parts)
            return nil
        } catch { return "\(error)" }
    }

    private static let hero = TemplateBlock(
        variants: ["pro": TemplateSource("<b>{{name}}</b>"), "all": TemplateSource("all")], fallback: "all")

    @Test func aLayoutStandsAroundTheBody() throws {
        let parts = TemplateParts(
            layout: TemplateSource("<html>\n{{> body}}\n{{> end}}\n</html>\n"),
            partials: ["end": TemplateSource("<p>{{who}}</p>\n")])
        #expect(
            try render("<h1>{{who}}</h1>\n", parts, ["who": .string("A&B")])
                == "<html>\n<h1>A&amp;B</h1>\n<p>A&amp;B</p>\n</html>\n")
        let template = try Template("x", as: .html, with: parts)
        #expect(template.mergeFields == ["who"] && template.included == ["body", "end"])
    }

    @Test func aBlockShowsTheVariantThatWasChosen() throws {
        let parts = TemplateParts(blocks: ["hero": Self.hero])
        for (choices, shown) in [
            (["hero": "pro"], "<b>Anne</b>"), (["hero": "all"], "all"), ([:], "all"), (["hero": "gone"], "all"),
            (["other": "pro"], "all"),
        ] {
            #expect(
                try render("[{{> hero}}]", parts, ["name": .string("Anne")], choices: choices) == "[\(shown)]")
        }
        let silent = TemplateBlock(variants: ["pro": TemplateSource("pro")], fallback: TemplateParts.nothing)
        #expect(try render("[{{> hero}}]", TemplateParts(blocks: ["hero": silent])) == "[]")
    }

    @Test func blocksSeeTheListsThatTheyStandIn() throws {
        let parts = TemplateParts(blocks: ["hero": Self.hero])
        let people = JSON.array([.object(["name": .string("A")]), .object(["name": .string("B")])])
        let source = "{{#people}}\n{{> hero}}\n{{/people}}\n"
        #expect(
            try render(source, parts, ["people": people], choices: ["hero": "pro"]) == "<b>A</b><b>B</b>")
    }

    @Test(
        arguments: [
            ("{{> a}}", ["a": "{{> a}}"], "p/a: \"a\" refers to itself: a → a at line 1, column 1"),
            ("{{> a}}", ["a": "x\n {{> b}}", "b": "{{> a}}"], "p/b: \"a\" refers to itself: a → b → a at line 1"),
            ("{{> a}}", [:], "there is no partial or block \"a\""),
            ("<p>\n{{> a}}", ["a": "<i>\n{{{x}}}"], "p/a: an unescaped merge field: use {{…}} at line 2, column 1"),
            ("{{> a}}</p>", ["a": "<p title=\""], "p/a: the template ends inside a tag"),
            ("{{#s}}{{> a}}{{/s}}", ["a": "{{/s}}"], "p/a: a section is closed that was not opened"),
            ("{{> a}}{{/s}}", ["a": "{{#s}}"], "p/a: the section \"s\" is not closed"),
            ("{{> body}}", [:], "{{> body}} is the mail's place in a layout"),
            ("<p {{> hero}}>", [:], "a block inside a tag or a comment"),
        ] as [(String, [String: String], String)])
    func faultsStandWhereTheyAre(_ source: String, _ partials: [String: String], _ message: String) {
        let texts = partials.map { ($0, TemplateSource($1, file: "p/\($0)")) }
        let parts = TemplateParts(
            partials: Dictionary(uniqueKeysWithValues: texts), blocks: ["hero": Self.hero])
        let found = fault(source, parts)
        #expect(found?.contains(message) == true, "\(found ?? "none")")
    }

    @Test func depthAndSizeAreBounded() throws {
        func chain(_ count: Int) -> TemplateParts {
            var partials: [String: TemplateSource] = [:]
            for place in 1...count { partials["p\(place)"] = TemplateSource("{{> p\(place + 1)}}") }
            partials["p\(count)"] = TemplateSource("end")
            return TemplateParts(partials: partials)
        }
        #expect(try render("{{> p1}}", chain(8)) == "end")
        #expect(fault("{{> p1}}", chain(9))?.contains("more than 8 deep") == true)
        // Each shows the next twice: a megabyte of a kilobyte.
        var bomb: [String: TemplateSource] = [:]
        for place in 1...7 { bomb["b\(place)"] = TemplateSource("{{> b\(place + 1)}}{{> b\(place + 1)}}") }
        bomb["b8"] = TemplateSource(String(repeating: "x", count: 60_000))
        #expect(fault("{{> b1}}", TemplateParts(partials: bomb))?.contains("more than 256 KB") == true)
        let layout = TemplateParts(layout: TemplateSource("no place", file: "layouts/l"))
        #expect(fault("x", layout) == "layouts/l: the layout has no place for the mail: {{> body}} at line 1, column 1")
    }

    @Test func sectionsNestAcrossParts() {
        let open = String(repeating: "{{#a}}", count: 9)
        let close = String(repeating: "{{/a}}", count: 9)
        let parts = TemplateParts(
            partials: ["p": TemplateSource(open + close)],
            blocks: ["b": TemplateBlock(variants: ["v": TemplateSource(open + close)], fallback: "v")])
        #expect(fault("{{> p}}{{> b}}", parts) == nil)
        for name in ["p", "b"] {
            #expect(fault(open + "{{> \(name)}}" + close, parts)?.contains("more than 16 deep") == true)
        }
    }

    @Test func aFallbackStandsInForWhatHasNoText() throws {
        let source = "Dear {{contact.name | \"tea \\ \u{26}lover\"}}"
        for (value, shown) in [
            (JSON.string("Anne"), "Anne"), (.string(""), "tea \\ &amp;lover"), (.null, "tea \\ &amp;lover"),
            (.int(0), "0"), (.array([]), "tea \\ &amp;lover"),
        ] {
            #expect(
                try render(source, TemplateParts(), ["contact": .object(["name": value])]) == "Dear \(shown)")
        }
        #expect(try render("{{x|\"<\"}}", as: .text) == "<")
        #expect(try render("<a href=\"{{x | \"javascript:y\"}}\">", TemplateParts()) == "<a href=\"#\">")
        for wrong in ["{{x | there}}", "{{x | \"there}}", "{{x |}}", "{{#x | \"a\"}}{{/x}}", "{{x | \"a\" b}}"] {
            #expect(throws: TemplateError.self) { try Template(wrong, as: .html) }
        }
    }

    @Test func indentedPartialsIndentTheirLines() throws {
        let parts = TemplateParts(partials: ["p": TemplateSource("- {{x}}\n- b\n")])
        #expect(try render("a\n  {{> p}}\nc", parts, ["x": .string("1\n2")], as: .text) == "a\n  - 1\n2\n  - b\nc")
    }
}
