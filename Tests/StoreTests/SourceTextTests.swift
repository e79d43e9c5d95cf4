import Foundation
import Testing

/// The project's own SQL, in files and in Swift.
enum SourceText {
    /// SQL that reads the server's clock.
    static let clockReading =
        #"\bnow\s*\(\s*\)|current_timestamp|current_date|localtimestamp|(clock|statement|transaction)_timestamp|timeofday"#

    static func readsClock(_ text: String) -> Bool {
        text.range(of: clockReading, options: [.regularExpression, .caseInsensitive]) != nil
    }

    /// The files under `Sources` that may hold SQL, by path.
    static func files() throws -> [String: String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources")
        let paths = try #require(FileManager.default.subpaths(atPath: root.path))
            .filter { $0.hasSuffix(".swift") || $0.hasSuffix(".sql") }
        return Dictionary(
            uniqueKeysWithValues: try paths.map { path in
                (path, try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8))
            })
    }
}

/// Every instant in SQL is bound by the writer, from the one clock or its host.
@Suite struct SourceTextTests {
    /// Where SQL may read the server's clock, and why.
    private static let exceptions = [
        "Schema/Migrations/m0001_foundation.sql": "clock_time(), which is how the one clock is read in real mode",
        "Schema/Migrations/m0042_clock_plan.sql": "the same, with a plan that is kept",
        "Schema/Migrator.swift": "when a step ran, for operators; there is no clock before the first step",
    ]

    @Test func noSQLReadsTheServersClock() throws {
        let files = try SourceText.files()
        #expect(files["Store/Messages/Messages.swift"]?.contains("insert into messages") == true)
        // What does not import the driver may call its own `now()`: it holds no SQL.
        let found = files.filter { path, text in
            (path.hasSuffix(".sql") || text.contains("import Postgres")) && SourceText.readsClock(text)
        }
        #expect(Set(found.keys) == Set(Self.exceptions.keys))
    }
}
