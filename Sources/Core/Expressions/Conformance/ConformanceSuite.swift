public import Model

/// The public conformance cases of CEL (github.com/google/cel-spec, `tests/simple`), as protobuf's JSON writes them.
public struct ConformanceSuite: Sendable {
    /// What became of a case.
    public enum Outcome: Sendable, Equatable {
        case passed
        case failed(String)
        /// Only for what names a protobuf message or a type URL, which Loods has not.
        case skipped(String)
    }

    /// A case and its outcome.
    public struct Result: Sendable {
        /// `file/section/test`
        public var name: String
        public var outcome: Outcome
    }

    let cases: [ConformanceCase]

    /// Takes a file of cases, or an object of several by name.
    ///
    /// - Throws: what is missing, for anything else.
    public init(_ json: JSON) throws(ConformanceError) {
        guard let members = json.object else { throw ConformanceError("the file is not a JSON object") }
        var cases: [ConformanceCase] = []
        if members["section"] != nil {
            cases = try Self.cases(of: json, file: json["name"]?.string ?? "cases")
        } else {
            for (name, file) in members.sorted(by: { $0.key < $1.key }) {
                cases += try Self.cases(of: file, file: name)
            }
        }
        self.cases = cases
    }

    private static func cases(of file: JSON, file name: String) throws(ConformanceError) -> [ConformanceCase] {
        let prefix = name.hasSuffix(".textproto") ? String(name.dropLast(10)) : name
        guard let sections = file["section"]?.array else { throw ConformanceError("\(name) has no list 'section'") }
        return sections.flatMap { section in
            (section["test"]?.array ?? []).map { test in
                ConformanceCase(
                    name: "\(prefix)/\(section["name"]?.string ?? "?")/\(test["name"]?.string ?? "?")", test: test)
            }
        }
    }

    /// Runs all cases, in their order.
    public func run() -> [Result] { cases.map { Result(name: $0.name, outcome: $0.run()) } }
}

/// Why a file holds no conformance cases.
public struct ConformanceError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
