import Foundation
import Testing
import Workspaces

/// The schemas that editors are given say what the readers read.
@Suite struct CommandLineSchemaTests {
    private static let files = [
        "workspace": "workspace.yaml", "stages": "stages.yaml", "scores": "scores.yaml", "personas": "personas.yaml",
        "segment": "segments/s.yaml", "journey": "journeys/j.yaml", "email": "emails/m/email.yaml",
        "pages": "pages.yaml", "forms": "forms.yaml", "stream": "streams/s.yaml",
        "postcard": "postcards/p/postcard.yaml",
    ]

    private static func findings(in file: String, _ text: String) -> [Finding] {
        var files = ["workspace.yaml": "workspace: x", "emails/m/body.txt.mustache": "Text."]
        for side in ["front", "back"] { files["postcards/p/\(side).html.mustache"] = "A card." }
        files[file] = text
        return Workspace.load(files: files).findings.filter { $0.file == file }
    }

    /// Keys that a reader takes at a place, as it lists them where there is one too many.
    private static func keys(ofReader finding: Finding?) -> [String] {
        guard let help = finding?.help, let list = help.firstMatch(of: /keys are ([a-z_, ]+)/) else { return [] }
        return list.1.split(separator: ", ").map(String.init)
    }

    @Test func everyKeyThatIsReadStandsInTheSchema() async throws {
        try await Terminal.with { line in
            for (kind, file) in Self.files {
                let schema = try await line("schema", kind).object()
                let finding = Self.findings(in: file, "surplus: x").first { $0.code == .unknownKey }
                let keys = Self.keys(ofReader: finding)
                #expect(!keys.isEmpty, "\(kind)")
                let offered = schema["properties"] as? [String: Any] ?? [:]
                #expect(keys.filter { offered[$0] == nil } == [], "\(kind)")
            }
            let journey = try await line("schema", "journey").object()
            let steps = ((journey["$defs"] as? [String: Any])?["steps"] as? [String: Any])?["items"] as? [String: Any]
            let step = (steps?["anyOf"] as? [[String: Any]])?.last?["properties"] as? [String: Any] ?? [:]
            let enter = (journey["properties"] as? [String: Any])?["enter"] as? [String: Any]
            for (text, offered) in [
                ("enter: {event: X, surplus: x}", enter?["properties"] as? [String: Any] ?? [:]),
                ("enter: {event: X}\nsteps: [{email: m, surplus: x}]", step),
                ("enter: {event: X}\nsteps: [{if: 'true', surplus: x}]", step),
                ("enter: {event: X}\nsteps: [{wait_for: {}, surplus: x}]", step),
                ("enter: {event: X}\nsteps: [{repeat: {times: 2}, surplus: x}]", step),
                ("enter: {event: X}\nsteps: [{switch: stage, surplus: x}]", step),
                ("enter: {event: X}\nsteps: [{stream: s, surplus: x}]", step),
                ("enter: {event: X}\nsteps: [{test: t, surplus: x}]", step),
            ] {
                let findings = Self.findings(in: "journeys/j.yaml", "journey: j\n\(text)\n")
                let keys = Self.keys(ofReader: findings.first { $0.message.contains("surplus") })
                #expect(!keys.isEmpty && keys.filter { offered[$0] == nil } == [], "\(text): \(findings)")
            }
            // A step is known by the keys that the reader names.
            let kinds = Self.findings(in: "journeys/j.yaml", "journey: j\nenter: {event: X}\nsteps: [{surplus: x}]\n")
                .compactMap { $0.help?.firstMatch(of: /steps are ([a-z_, ]+)/)?.1 }.first
            #expect(kinds?.split(separator: ", ").filter { $0 != "end" && step[String($0)] == nil } == [])
        }
    }

    /// What YAML takes for a truth value or a number is text to the readers.
    @Test func whatIsReadAsTextMayLookOtherwise() async throws {
        try await Terminal.with { line in
            let personas = try await line("schema", "personas").object()
            #expect(personas["required"] as? [String] == ["default"])
            #expect(Self.findings(in: "personas.yaml", "default: x") == [])
            let segment = try await line("schema", "segment").object()
            let properties = try #require(segment["properties"] as? [String: [String: Any]])
            #expect(Self.findings(in: "segments/s.yaml", "segment: 2026\nwhen: true\ndescription: 7") == [])
            for (key, type) in [("segment", "number"), ("when", "boolean"), ("description", "number")] {
                #expect((properties[key]?["type"] as? [String])?.contains(type) == true, "\(key)")
            }
        }
    }

    @Test func everyKeyOfASchemaIsRead() async throws {
        try await Terminal.with { line in
            let listed = try await line("schema").output.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
            #expect(Set(listed) == Set(Self.files.keys))
            for kind in listed {
                let schema = try await line("schema", kind).object()
                #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
                let keys = try #require((schema["properties"] as? [String: Any])?.keys.sorted(), "\(kind)")
                let text = keys.map { "\($0): x" }.joined(separator: "\n")
                let findings = Self.findings(in: Self.files[kind]!, text)
                #expect(!findings.contains { $0.code == .unknownKey }, "\(findings)")
                // One more would be told.
                let more = Self.findings(in: Self.files[kind]!, text + "\nsurplus: x")
                #expect(more.contains { $0.code == .unknownKey && $0.message.contains("surplus") }, "\(more)")
                for key in schema["required"] as? [String] ?? [] { #expect(keys.contains(key)) }
            }
            let steps = try await line("schema", "journey").object()["$defs"] as? [String: Any]
            #expect(steps?["steps"] != nil)
            try await line("schema", "none-such", exits: 64)
        }
    }
}
