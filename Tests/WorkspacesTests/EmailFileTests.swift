import Mail
import Testing
import Workspaces

/// What goes with an e-mail.
@Suite struct EmailFiles {
    private static let picture = "iVBORw0KGgo="

    /// The shop's offer with these files, other keys and other HTML.
    private static func load(
        _ files: [String: String?], keys: String = "", html: String = "<img src=\"cid:logo.png\">"
    ) -> Workspace.Loaded {
        let folder = "emails/offer/"
        var changes: [String: String?] = [
            folder + "email.yaml": Shop.files[folder + "email.yaml"]! + "\n\(keys)",
            folder + "body.html.mustache": Shop.files[folder + "body.html.mustache"]! + html,
        ]
        for (name, text) in files { changes[folder + name] = text }
        return Shop.load(changes)
    }

    @Test func imagesAreShownAndFilesAttached() throws {
        let loaded = Self.load(["logo.png": Self.picture, "terms.pdf": "JVBERg=="], keys: "attachments: [terms.pdf]")
        #expect(loaded.findings.isEmpty, "\(loaded.findings)")
        let email = try #require(loaded.workspace?.emails["offer"])
        #expect(email.images.map(\.name.text) == ["logo.png"] && email.attachments.map(\.name.text) == ["terms.pdf"])
        let other = Self.load(["logo.png": "iVBORw0KGgp=", "terms.pdf": "JVBERg=="], keys: "attachments: [terms.pdf]")
        #expect(other.workspace?.journeys.first?.digest != loaded.workspace?.journeys.first?.digest)
    }

    @Test(
        arguments: [
            (["logo.gif": picture], "", "the HTML shows \"cid:logo.png\", which is no file of the e-mail"),
            (["logo.png": picture], "attachments: [terms.pdf]", "unknown file \"terms.pdf\""),
            (["logo.png": picture, "a.pdf": "JVBERg=="], "attachments: [a.pdf, a.pdf]", "attached twice"),
            (["logo.png": "not base64!"], "", "the content of a file is not base64"),
            (["logo.png": String(repeating: "A", count: 4_000_004)], "", "larger than 3 MB"),
        ] as [([String: String], String, String)])
    func faultsAreNamed(_ files: [String: String], _ keys: String, _ message: String) {
        let loaded = Self.load(files.mapValues { $0 }, keys: keys)
        #expect(loaded.workspace == nil)
        #expect(loaded.findings.contains { $0.message.contains(message) }, "\(loaded.findings)")
    }

    @Test func whatIsNoImageIsNotShown() {
        let loaded = Self.load(["logo.pdf": Self.picture], html: "<img src='cid:logo.pdf'>")
        #expect(loaded.findings.map(\.message) == ["\"logo.pdf\" is no image that mail programs show"])
    }

    @Test func whatNothingUsesIsWarnedOf() {
        let loaded = Self.load(["logo.png": Self.picture, "old.png": Self.picture])
        #expect(loaded.workspace != nil)
        #expect(
            loaded.findings.map(\.description).contains {
                $0.contains("emails/offer/old.png") && $0.contains("nothing shows")
            })
        #expect(loaded.findings.count == 1)
    }
}
