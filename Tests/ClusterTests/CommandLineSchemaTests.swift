import Foundation
import Testing
import Workspaces

/// The schemas that editors are given say what the readers read.
@Suite struct CommandLineSchemaTests {
    private static let files = [
        "workspace": "workspace.yaml", "stages": "stages.yaml", "scores": "scores.yaml", "personas": "personas.yaml",
        "segment": "segments/s.yaml", "journey": "journeys/j.yaml", "email": "emails/m/email.yaml",
        "pages": "pages.yaml", "forms": "forms.yaml",
    ]

    private static func findings(in file: String, _ text: String) -> [Finding] {
        var files = ["workspace.yaml": "workspace: x", "emails/m/body.txt.mustache": "Text."]
        files[file] = text
        return Workspace.load(files: files).findings.filter { $0.file == file }
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
