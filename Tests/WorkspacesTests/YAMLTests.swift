import Testing
import Workspaces

/// Files that are not the YAML that is read here are refused, quickly.
struct YAMLTests {
    @Test(arguments: [
        ("a: &x 1\nb: 2", "1:4", "anchors (&name) are not read"),
        ("a: &x 1\nb: *x", "2:4", "aliases (*name) are not read"),
        ("a: !!str 5", "1:4", "tags (!name) are not read"),
        ("a: !x {b: 1}", "1:4", "tags (!name) are not read"),
        ("a: 1\nb: 2\na: 3", "1:1", "the key \"a\" stands twice"),
        ("a: [1, 2", "2:1", "this is not YAML"),
        ("a: 1\n---\nb: 2", "2:1", "this is not YAML"),
        ("\tworkspace: x", "1:1", "this is not YAML"),
        ("? [a, b]\n: 1", "1:3", "a key must be plain text"),
        ("a: \"x\\0y\"", "1:4", "a NUL character"),
        ("- 1", "1:1", "workspace.yaml must be a mapping, not a list"),
        ("", "1:1", "workspace.yaml must be a mapping, not nothing"),
    ])
    func whatIsNotReadIsRefusedAtItsPlace(text: String, place: String, message: String) {
        let findings = Shop.findings("workspace.yaml", text)
        #expect(findings.contains { $0.hasPrefix("workspace.yaml:\(place)  \(message)") }, "\(findings)")
    }

    @Test(.timeLimit(.minutes(10))) func hostileFilesAreRefusedInNoTime() {
        let levels = (1...30).map { "l\($0): &l\($0) [*l\($0 - 1), *l\($0 - 1), *l\($0 - 1)]" }
        let laughs = "l0: &l0 [x, x]\n" + levels.joined(separator: "\n") + "\n? *l30\n: 1"
        let hostile = [
            laughs, String(repeating: "[", count: 100_000), String(repeating: "- ", count: 100_000),
            String(repeating: "{a: ", count: 50_000), String(repeating: "x", count: 300_000),
            "steps: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
        ]
        for text in hostile {
            let loaded = Shop.load(["journeys/hostile.yaml": text])
            #expect(loaded.hasErrors)
            #expect(loaded.workspace == nil)
        }
    }

    @Test func deeplyNestedStepsAreRefused() {
        let nested = (0..<20).reduce("[end]") { steps, _ in "[{if: 'true', then: \(steps)}]" }
        let findings = Shop.findings("journeys/deep.yaml", "journey: deep\nenter: {event: X}\nsteps: \(nested)")
        #expect(findings.contains { $0.contains("nested more than 16 deep") }, "\(findings)")
    }

    @Test func asterisksAndAmpersandsInTextAreNoAliases() {
        let text = Shop.files["workspace.yaml"]!.replacing("Kade 1, 1000 AA Amsterdam", with: "A & B *C, R&D *x")
        #expect(Shop.findings("workspace.yaml", text) == [])
        #expect(
            Shop.findings(replacing: "'run.did(\"Order Completed\")'", with: "'true && 2 *3 == 6 &&contact.x == 1'")
                == [])
    }
}
