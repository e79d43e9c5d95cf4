import Foundation
import Model
import Testing

@testable import Expressions

/// The public conformance cases of CEL, from `LOODS_TEST_DATA/cel-spec`.
@Suite(.enabled(if: conformanceFile != nil, "LOODS_TEST_DATA has no cel-spec")) struct ConformanceTests {
    /// An erratum: the expression holds a plain `?`, the value that the suite gives for it a backslash before it.
    private static let disputed: Set<String> = ["parse/bytes_literals/triple_single_quoted_unescaped_punctuation"]

    private static let results = Result {
        try ConformanceSuite(JSON(parsingDocument: Data(contentsOf: #require(conformanceFile)))).run()
    }

    @Test func nothingFails() throws {
        for result in try Self.results.get() {
            guard case .failed(let reason) = result.outcome, !Self.disputed.contains(result.name) else { continue }
            Issue.record("\(result.name): \(reason)")
        }
    }
}

private var conformanceFile: URL? {
    guard let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"] else { return nil }
    let file = URL(fileURLWithPath: folder).appendingPathComponent("cel-spec/simple-tests.json")
    return FileManager.default.fileExists(atPath: file.path) ? file : nil
}
