import Expressions
import Model
import Testing

@testable import Workspaces

@Suite struct URLPatternTests {
    @Test(
        arguments: [
            ("/docs/*", "/docs/a", true), ("/docs/*", "/docs/a/b", false), ("/docs/*", "/docs", false),
            ("/docs/**", "/docs/a/b", true), ("/docs/**", "/docs", true), ("/docs/**", "/docs/", true),
            ("/docs/**", "/docsx", false), ("/", "https://shop.example", true),
            ("/", "https://shop.example/?a=b#c", true),
            ("/", "/a", false), ("/**", "/a/b", true), ("/a", "https://shop.example/a/?x=/b", true),
            ("https://shop.example/a", "http://SHOP.example/a", true),
            ("https://shop.example/a", "https://o.example/a", false),
            ("https://shop.example/a", "/a", false), ("https://*.example/**", "https://www.example/x", true),
            ("*.pdf", "/x", nil), ("/**.pdf", "/x/y.pdf", true), ("/*/edit", "/x/edit", true),
            ("/*/edit", "/x/y/edit", false),
            ("/a*b*c", "/aXbXc", true), ("/a?b", "/a", nil), ("", "/", nil), ("/a b", "/a", nil), ("/A", "/a", false),
        ] as [(String, String, Bool?)]) func aPatternFits(pattern: String, address: String, fits: Bool?)
    {
        #expect(URLPattern(pattern)?.fits(address) == fits)
    }

    /// Many stars cost no more than their number.
    @Test func noPatternTakesLong() throws {
        let pattern = try #require(URLPattern("/" + String(repeating: "**a", count: 100)))
        #expect(!pattern.fits("/" + String(repeating: "a", count: 2000) + "b"))
    }
}

@Suite struct PagesTests {
    private static let base = [
        "workspace.yaml":
            "workspace: shop\ntime_zone: UTC\nsender: {name: Shop, address: hello@shop.example}\naddress: Street 1\n",
        "stages.yaml": "stages: [{stage: see}, {stage: think, when: 'score(\"visits\") > 0.0'}]\n",
        "scores.yaml": """
        scores:
          - {score: visits, points: [{event: Page Viewed, points: 1, when: 'event.page.stage == "think"'}]}
        """,
    ]

    private func load(_ file: String, _ text: String) -> (workspace: Workspace?, findings: [String]) {
        var files = Self.base
        files[file] = text
        let loaded = Workspace.load(files: files)
        return (loaded.workspace, loaded.findings.map(\.description))
    }

    private static let pages = """
        pages:
          - {url: /docs/intro, stage: see}
          - {url: /docs/**, stage: think, content: guide}
        content:
          - {content: guide, url: "https://cdn.example/guide.pdf", expires: 2d}
          - {content: paper, file: paper.pdf}
        """

    @Test func aVisitSaysItsStage() throws {
        let workspace = try #require(load("pages.yaml", Self.pages).workspace)
        func page(_ properties: [String: JSON], _ context: [String: JSON] = [:]) -> [String] {
            let event = HistoryEvent(
                at: .distantPast, eventID: "e", name: "Page Viewed", properties: .object(properties),
                context: .object(context))
            let page = workspace.page(of: event)
            return [page["stage"]?.string ?? "none", page["content"]?.string ?? "none"]
        }
        #expect(page(["url": .string("https://shop.example/docs/intro?x=1")]) == ["see", ""])
        #expect(page(["path": .string("/docs/more")]) == ["think", "guide"])
        #expect(page([:], ["page": .object(["url": .string("https://shop.example/docs")])]) == ["think", "guide"])
        #expect(page([:]) == ["", ""])
        #expect(page(["url": .int(3)], ["page": .string("x")]) == ["", ""])
        #expect(workspace.content(named: "guide")?.expires == .days(2))
        #expect(workspace.content(named: "paper")?.target == .file("paper.pdf"))
    }

    @Test func pointRulesSeeThePage() throws {
        let workspace = try #require(load("pages.yaml", Self.pages).workspace)
        let rule = workspace.scores[0].rules[0]
        for (path, fits) in [("/docs/more", true), ("/docs/intro", false), ("/other", false)] {
            let event = HistoryEvent(
                at: .distantPast, eventID: "e", name: "Page Viewed", properties: .object(["path": .string(path)]))
            #expect(rule.fits(event) == fits)
        }
        let other = try #require(load("pages.yaml", "pages: [{url: /docs, stage: think}]").workspace)
        #expect(!other.scores[0].countsAs(workspace.scores[0]), "the sums are to be counted afresh")
        #expect(workspace.scores[0].countsAs(workspace.scores[0]))
    }

    @Test(
        arguments: [
            ("pages: [{url: docs, stage: see}]", "pages.yaml:1:15  \"docs\" is not a URL pattern"),
            ("pages: [{url: /docs, stage: sea}]", "pages.yaml:1:29  unknown stage \"sea\""),
            ("pages: [{url: /docs}]", "pages.yaml:1:9  a page has a \"stage\" or \"content\""),
            ("pages: [{url: /docs, content: guide}]", "pages.yaml:1:31  unknown content \"guide\""),
            ("content: [{content: a}]", "pages.yaml:1:11  a content has a \"url\" or a \"file\""),
            ("content: [{content: a, url: ftp://x}]", "pages.yaml:1:29  a content's url is not an address of the web"),
            ("content: [{content: a, file: ../x}]", "pages.yaml:1:30  a file's name \"../x\" is not a name"),
            ("content: [{content: a, file: x, expires: 3y}]", "pages.yaml:1:42  how long a link holds must be"),
        ]) func faultsAreNamed(text: String, fault: String)
    {
        let findings = load("pages.yaml", text).findings
        #expect(findings.contains { $0.hasPrefix(fault) }, "\(findings)")
    }

    @Test(
        arguments: [
            ("forms: [{form: a}]", "forms.yaml:1:9  a form has no \"fields\""),
            ("forms: [{form: a, fields: [{field: form}]}]", "forms.yaml:1:28  the field \"form\" is there already"),
            (
                "forms: [{form: a, fields: [{field: b, trait: email}]}]",
                "forms.yaml:1:46  a form describes nobody's address"
            ),
            ("forms: [{form: a, fields: [{field: b}], honeypot: b}]", "forms.yaml:1:51  the honeypot is a field"),
            ("forms: [{form: a, fields: [{field: b, type: date}]}]", "forms.yaml:1:45  unknown type \"date\""),
            ("forms: [{form: a, fields: [], content: x}]", "forms.yaml:1:40  unknown content \"x\""),
            ("forms: [{form: a, fields: [], success: /x}]", "forms.yaml:1:40  where success leads is not an address"),
            ("ratings: [{rating: a, question: b, from: 5, to: 5}]", "forms.yaml:1:11  a rating goes from a number"),
        ]) func faultsOfFormsAreNamed(text: String, fault: String)
    {
        let findings = load("forms.yaml", text).findings
        #expect(findings.contains { $0.hasPrefix(fault) }, "\(findings)")
    }
}
