import Content
import JourneyProgram
import Model
import Testing
import Workspaces

/// Postcards, where they go, and the steps that send them.
struct PostcardReadingTests {
    static let files: [String: String] = [
        "workspace.yaml": """
        workspace: firm
        time_zone: UTC
        sender: {name: Firm, address: hello@firm.example}
        address: A street
        topics: [{topic: cards, wording: "Yes, send me cards"}]
        webhooks: [{webhook: printer, url: "https://printer.example/cards"}]
        post: {webhook: printer}
        """,
        "postcards/thanks/postcard.yaml": "topic: cards\naddress: {postal_code: zip}\n",
        "postcards/thanks/front.html.mustache": "<svg width=\"100%\"><circle r=\"9\"/></svg>",
        "postcards/thanks/back.html.mustache": "<p>{{#contact.name}}{{contact.name}}{{/contact.name}}</p>",
        "journeys/j.yaml":
            "journey: j\nenter: {event: X}\nsteps:\n  - postcard: thanks\n  - {postcard: thanks, step: again}\n",
    ]

    private static func load(_ changes: [String: String?]) -> Workspace.Loaded {
        var files = files
        for (file, text) in changes { files[file] = text }
        return Workspace.load(files: files)
    }

    @Test func theyAreRead() throws {
        let loaded = Self.load([:])
        #expect(loaded.findings.isEmpty, "\(loaded.findings)")
        let workspace = try #require(loaded.workspace)
        let card = try #require(workspace.postcards["thanks"])
        #expect(card.ground == .topic("cards"))
        #expect(card.address.neededAttributes == ["name", "street", "zip", "city"])
        let steps = try #require(workspace.journey(named: "j")).journey.callSteps
        #expect(steps.map(\.step) == ["thanks", "again"])
        #expect(steps.map(\.call.name) == ["postcard:thanks", "postcard:thanks"])
        #expect(steps.map(\.call.topic) == ["cards", "cards"])
        guard case .webhook(let printer)? = workspace.post else {
            Issue.record("\(workspace.post as Any)")
            return
        }
        #expect(printer.name == "printer")
    }

    @Test func anAddressIsWholeOrNone() throws {
        let card = try #require(Self.load([:]).workspace?.postcards["thanks"])
        var anne: [String: JSON] = [
            "name": .string("Anne  \u{0007} Boleyn"), "street": .string("Kade 1"), "zip": .int(4331),
            "city": .string("Middelburg"), "country": .string(" NL "), "postal_code": .string("none of this"),
        ]
        #expect(
            card.address.parts(of: anne) == [
                "name": "Anne Boleyn", "street": "Kade 1", "postal_code": "4331", "city": "Middelburg", "country": "NL",
            ])
        for needed in ["name", "street", "zip", "city"] {
            var less = anne
            less[needed] = .string(" ")
            #expect(card.address.parts(of: less) == nil, "\(needed)")
        }
        anne["country"] = nil
        #expect(card.address.parts(of: anne) != nil)
    }

    @Test(arguments: [
        ("postcards/thanks/postcard.yaml", "class: owed", "1:8", "unknown class \"owed\""),
        ("postcards/thanks/postcard.yaml", "topic: crads", "1:8", "unknown topic \"crads\""),
        ("postcards/thanks/postcard.yaml", "adress: {}\ntopic: cards", "1:1", "unknown key \"adress\""),
        (
            "postcards/thanks/postcard.yaml", "topic: cards\naddress: {zip: zip}", "2:11",
            "unknown key \"zip\" in \"address\""
        ),
        ("postcards/thanks/postcard.yaml", "topic: cards\naddress: {city: a-b}", "2:17", "names an attribute"),
        ("postcards/thanks/front.html.mustache", "<p>\n<SCRIPT >x</SCRIPT>", "2:1", "has no <script>"),
        ("postcards/thanks/front.html.mustache", "<img src=\"https://x.example/a.png\">", "1:6", "nothing is fetched"),
        (
            "postcards/thanks/back.html.mustache", "<p style=\"background:url(/etc/passwd)\">", "1:22",
            "nothing is fetched"
        ),
        ("postcards/thanks/back.html.mustache", "<p>{{{contact.name}}}</p>", "1:1", "an unescaped merge field"),
        (
            "journeys/j.yaml", "journey: j\nenter: {event: X}\nsteps: [{postcard: thank}]", "3:20",
            "did you mean \"thanks\""
        ),
        ("workspace.yaml", "post: {webhook: printers}", "7:17", "unknown webhook \"printers\""),
        ("workspace.yaml", "post: {folder: false}", "7:7", "go either to a \"webhook\" or into a \"folder\""),
    ])
    func faultsAreFoundAtTheirPlaces(file: String, text: String, place: String, message: String) {
        let whole =
            file == "workspace.yaml" ? Self.files[file]!.replacing("post: {webhook: printer}", with: text) : text
        let findings = Self.load([file: whole]).findings.map(\.description)
        #expect(findings.contains { $0.hasPrefix("\(file):\(place)  ") && $0.contains(message) }, "\(findings)")
    }

    @Test func whatIsMissingIsTold() {
        let settings = Self.files["workspace.yaml"]!.replacing("post: {webhook: printer}", with: "")
        #expect(
            Self.load(["workspace.yaml": settings]).findings.map(\.description).contains {
                $0.contains("journeys/j.yaml:4:15") && $0.contains("does not say where postcards go")
            })
        #expect(
            Self.load(["postcards/thanks/back.html.mustache": nil]).findings.map(\.description).contains {
                $0.contains("the postcard \"thanks\" has no back.html.mustache")
            })
    }

    /// In the language of the contact's locale, side by side; a side that is not translated is there as it is.
    @Test func itSpeaksTheLanguageOfWhoeverGetsIt() throws {
        let loaded = Self.load([
            "workspace.yaml": Self.files["workspace.yaml"]! + "\nlocale: en\n",
            "postcards/thanks/front.nl.html.mustache": "<p>Dank</p>",
            "postcards/thanks/front.de.html.mustache": "<p>Danke</p>",
            "postcards/thanks/back.de.html.mustache": "<p>Gruß</p>",
        ])
        #expect(loaded.findings.isEmpty, "\(loaded.findings)")
        let card = try #require(loaded.workspace?.postcards["thanks"])
        func sides(_ locale: String?) throws -> [String] {
            let sides = card.sides(for: locale.map { ["locale": .string($0)] } ?? [:])
            return [try sides.front.render([:]), try sides.back.render([:])]
        }
        let own = try sides(nil)
        #expect(try sides("nl-NL") == ["<p>Dank</p>", own[1]])
        #expect(try sides("de") == ["<p>Danke</p>", "<p>Gruß</p>"])
        #expect(try sides("en-GB") == own && sides("fr") == own && sides("no language") == own)
        let before = try #require(Self.load([:]).workspace)
        #expect(before.journey(named: "j")?.digest != loaded.workspace?.journey(named: "j")?.digest)
    }

    @Test(arguments: [
        ("front.nl.html.mustache", "<p>Dank</p>", false, "1:1  workspace.yaml does not say which language"),
        ("front.en.html.mustache", "<p>Thanks</p>", true, "1:1  \"en\" is the workspace's own language"),
        ("back.xx.html.mustache", "<p>?</p>", true, "1:1  the file's language \"xx\" is no language"),
        ("back.nl.html.mustache", "<p>\n<script>", true, "2:1  a side of a postcard has no <script>"),
        ("front.nl.txt.mustache", "Dank", true, "1:1  warning: not read by this version"),
    ])
    func faultsOfTranslationsAreFound(file: String, text: String, hasLocale: Bool, message: String) {
        let settings = Self.files["workspace.yaml"]! + (hasLocale ? "\nlocale: en\n" : "")
        let findings = Self.load(["workspace.yaml": settings, "postcards/thanks/\(file)": text]).findings
        #expect(
            findings.contains { $0.description.hasPrefix("postcards/thanks/\(file):\(message)") }, "\(findings)")
    }
}
