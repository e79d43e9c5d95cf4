import Simulation
import Workspaces

/// How tests came out, as the XML that CI services read: a suite a file.
struct JUnitReport {
    private let results: [TestResult]

    init(_ results: [TestResult]) { self.results = results }

    var xml: String {
        let files = Dictionary(grouping: results, by: \.test.file).sorted { $0.key < $1.key }
        let failures = results.count { !$0.passed }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="loods" tests="\(results.count)" failures="\(failures)">
            \(files.map { suite($0.key, $0.value) }.joined())</testsuites>

            """
    }

    private func suite(_ file: String, _ results: [TestResult]) -> String {
        let failures = results.count { !$0.passed }
        return """
              <testsuite name="\(Self.escaped(file))" tests="\(results.count)" failures="\(failures)">
            \(results.map(testCase).joined())  </testsuite>

            """
    }

    private func testCase(_ result: TestResult) -> String {
        let test = result.test
        let head = """
                <testcase name="\(Self.escaped(test.name))" classname="\(Self.escaped(test.file))" \
            file="\(Self.escaped(test.file))" line="\(test.line)"
            """
        guard !result.passed else { return head + "/>\n" }
        let faults = result.faults.map { $0.words(since: test.start) }
        return """
            \(head)>
                  <failure message="\(Self.escaped(faults[0]))">\(Self.escaped(faults.joined(separator: "\n")))</failure>
                </testcase>

            """
    }

    /// XML 1.0 knows no control characters but three.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\t", "\n", "\r": escaped += "&#\(scalar.value);"
            case "\u{FFFE}", "\u{FFFF}": escaped += "?"
            case "\u{0}"..<" ": escaped += "?"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }
}
