import Foundation
import Testing

@testable import ServiceRuntime

/// Every metric says what it means, and alerts speak of metrics that exist.
@Suite struct MetricCatalogueTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let roles = Set(
        ["ingest", "scoring", "scheduler", "mailer", "operator", "tool", "reader"].map { "loods_\($0)" })

    private static func names(_ pattern: String, in text: String) throws -> Set<String> {
        let matches = try Regex("\(pattern)").matches(in: text)
        return Set(matches.compactMap { $0.output[1].substring.map(String.init) })
    }

    @Test func everyMetricIsDescribed() throws {
        let sources = Self.root.appendingPathComponent("Sources")
        let files = try #require(FileManager.default.subpaths(atPath: sources.path)).filter { $0.hasSuffix(".swift") }
        var named: Set<String> = []
        for file in files where !file.hasSuffix("MetricCatalogue.swift") {
            let text = try String(contentsOf: sources.appendingPathComponent(file), encoding: .utf8)
            named.formUnion(try Self.names("\"(loods_[a-z_]+)\"", in: text))
        }
        #expect(named.count > 20)
        // Roles of the database look the same.
        named.subtract(Self.roles)
        #expect(named == Set(MetricCatalogue.help.keys))
    }

    @Test func alertsSpeakOfMetricsThatExist() throws {
        let file = Self.root.appendingPathComponent("deploy/prometheus/alerts.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        let named = try Self.names("\\b(loods_[a-z_]+)\\b", in: text)
        #expect(named.count > 10)
        #expect(named.subtracting(MetricCatalogue.help.keys) == [])
    }
}

extension Regex where Output == AnyRegexOutput {
    fileprivate func matches(in text: String) -> [Match] { text.matches(of: self) }
}
