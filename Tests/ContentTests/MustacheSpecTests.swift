import Content
import Foundation
import Model
import Testing

/// The specification's own cases, as far as they ask for what templates may do here: `LOODS_TEST_DATA`.
@Suite(.enabled(if: MustacheSpec.isThere, "LOODS_TEST_DATA has no mustache-spec")) struct MustacheSpecTests {
    /// What is refused on purpose.
    private static let refused = ["{{{", "{{&", "{{="]

    @Test(arguments: ["comments", "interpolation", "inverted", "sections", "partials"])
    func casesComeOutAsTheSpecificationHasThem(_ name: String) throws {
        let cases = try MustacheSpec.cases(name)
        var tried = 0
        for each in cases {
            let sources = [each.template] + each.partials.values
            // A value is escaped for HTML, "&quot;" and all; a node that holds itself is refused.
            guard !sources.contains(where: { source in Self.refused.contains { source.contains($0) } }),
                !each.name.contains("Recursion"), !each.name.contains("Failed Lookup") || name != "partials"
            else { continue }
            tried += 1
            let parts = TemplateParts(partials: each.partials.mapValues { TemplateSource($0) })
            // Not all of them are whole HTML.
            let template = try Template(each.template, as: name == "comments" ? .text : .html, with: parts)
            let output = try template.render(each.data.object ?? [".": each.data])
            #expect(output == each.expected.replacing("\r\n", with: "\n"), "\(name): \(each.name)")
        }
        #expect(tried >= cases.count * 2 / 5, "\(tried) of \(cases.count)")
    }
}

private enum MustacheSpec {
    struct Case {
        var name: String
        var template: String
        var data: JSON
        var expected: String
        var partials: [String: String]
    }

    private static let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"].map {
        URL(fileURLWithPath: $0).appending(path: "mustache-spec")
    }

    static var isThere: Bool { folder.map { FileManager.default.fileExists(atPath: $0.path) } ?? false }

    static func cases(_ name: String) throws -> [Case] {
        guard let file = folder?.appending(path: "\(name).json") else { return [] }
        let suite = try JSON(parsingDocument: Array(Data(contentsOf: file)))
        return (suite["tests"]?.array ?? []).filter { $0["data"]?.object != nil }.map { each in
            Case(
                name: each["name"]?.string ?? "", template: each["template"]?.string ?? "",
                data: each["data"] ?? .object([:]), expected: each["expected"]?.string ?? "",
                partials: (each["partials"]?.object ?? [:]).compactMapValues(\.string))
        }
    }
}
