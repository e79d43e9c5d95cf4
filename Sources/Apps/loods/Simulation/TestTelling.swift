import Expressions
import JourneyProgram
import Model
import Simulation
import Workspaces

/// How tests came out, for people and for scripts.
struct TestTelling {
    let workspace: Workspace
    let results: [TestResult]
    let coverage: Coverage
    let took: Duration
    /// The definitions, to find where a name stands.
    let files: [String: String]

    private var failed: [TestResult] { results.filter { !$0.passed } }

    func show(withCoverage: Bool) {
        for result in results {
            if result.passed {
                print("✓ \(Console.safe(result.test.name))  \(Console.dim(result.test.place))")
            } else {
                print("\n✗ \(Console.bold(Console.safe(result.test.name)))  \(result.test.place)")
                for line in table(of: result) { print(line) }
                for line in hints(of: result) { print("  " + line) }
                print("")
            }
        }
        print(summary)
        guard !results.isEmpty else { return }
        print(coverageLine)
        for line in withCoverage ? missed : [] { print("  " + line) }
    }

    private var summary: String {
        guard !results.isEmpty else { return "there are no tests; they stand in tests/*.yaml of the workspace" }
        let passed = results.count - failed.count
        let counts =
            failed.isEmpty
            ? passed.counted("test") + " passed" : "\(passed.counted("test")) passed, \(failed.count.grouped) failed"
        return "\(counts) in \(milliseconds.grouped) ms"
    }

    private var milliseconds: Int64 {
        took.components.seconds * 1000 + took.components.attoseconds / 1_000_000_000_000_000
    }

    // MARK: Coverage

    private var coverageLine: String {
        let (steps, branches) = (coverage.count(ofBranches: false), coverage.count(ofBranches: true))
        let counts =
            "coverage: \(steps.reached) of \(steps.total.counted("step")), \(branches.reached) of "
            + branches.total.counted("branch", "branches")
        guard let first = coverage.missed.first else { return counts }
        let rest = coverage.missed.count - 1
        return counts + "; no test reaches \(first.words)" + (rest > 0 ? " and \(rest.grouped) more" : "")
    }

    private var missed: [String] { coverage.missed.map { "no test reaches \($0.words)" } }

    // MARK: A failing test

    private func table(of result: TestResult) -> [String] {
        let start = result.test.start
        let rows = Timeline(result).rows.map { row in
            (
                at: (row.contact.map { $0 + " " } ?? "") + (row.at?.offset(since: start) ?? "ever"),
                expected: Console.safe(row.expected ?? ""), happened: Console.safe(row.happened ?? ""), mark: row.mark
            )
        }
        let first = (rows.map { $0.at.count } + [2]).max() ?? 2
        let second = (rows.map { $0.expected.count } + [8]).max() ?? 8
        let head = "  \("".leading(to: first))  \("expected".padded(to: second))  happened"
        return [Console.dim(head)]
            + rows.map { row in
                let line = "  \(row.at.leading(to: first))  \(row.expected.padded(to: second))  \(row.happened)"
                switch row.mark {
                case .met: return line
                case .aside: return Console.dim(line)
                case .missing: return Console.bold(line + "← did not happen")
                case .unexpected: return Console.bold(line + "  ← not expected")
                case .forbidden: return Console.bold(line + "  ← must not happen")
                }
            }
    }

    /// A name that is written almost as one that something looks at.
    private func hints(of result: TestResult) -> [String] {
        let names = Set(result.test.contacts.flatMap { $0.events.map(\.event.name) })
        return names.sorted().compactMap { name in
            guard let known = workspace.nearMiss(ofEvent: name) else { return nil }
            return
                "nothing looks at \"\(Console.safe(name))\"; did you mean \"\(known)\"?\(place(of: known).map { "  " + $0 } ?? "")"
        }
    }

    private func place(of name: String) -> String? {
        for (file, text) in files.sorted(by: { $0.key < $1.key }) where file.hasSuffix(".yaml") {
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                guard let found = line.firstRange(of: name) else { continue }
                return "\(file):\(number + 1):\(line.distance(from: line.startIndex, to: found.lowerBound) + 1)"
            }
        }
        return nil
    }
}

extension TestTelling {
    var json: JSON {
        let (steps, branches) = (coverage.count(ofBranches: false), coverage.count(ofBranches: true))
        func count(_ count: (reached: Int, total: Int)) -> JSON {
            .object(["reached": .int(Int64(count.reached)), "total": .int(Int64(count.total))])
        }
        return .object([
            "passed": .int(Int64(results.count - failed.count)), "failed": .int(Int64(failed.count)),
            "tests": .array(results.map(\.json)),
            "coverage": .object([
                "steps": count(steps), "branches": count(branches),
                "missed": .array(
                    coverage.missed.map {
                        .object([
                            "journey": .string($0.journey), "step": .string($0.step),
                            "choice": $0.choice.map { .string($0) } ?? .null,
                        ])
                    }),
            ]),
        ])
    }
}

extension JourneyTest {
    var place: String { "\(file):\(line)" }
}

extension Coverage.Place {
    var words: String { "\(journey): \(step)" + (choice.map { ", \($0)" } ?? "") }
}

extension TestResult {
    fileprivate var json: JSON {
        .object([
            "name": .string(test.name), "file": .string(test.file), "line": .int(Int64(test.line)),
            "passed": .bool(passed), "faults": .array(faults.map { .string($0.words(since: test.start)) }),
            "contacts": .array(
                stories.map { story in
                    .object([
                        "contact": .string(story.contact),
                        "story": .array(story.lines.map { $0.json(since: test.start) }),
                    ])
                }),
        ])
    }
}

extension TestResult.Fault {
    /// `2d1h: ends: goal: did not happen`.
    func words(since start: Timestamp) -> String {
        switch self {
        case .missing(let expectation):
            (expectation.at.map { $0.offset(since: start) + " " } ?? "") + expectation.words(since: start)
                + ": did not happen (line \(expectation.line))"
        case .unexpected(let line, _): line.at.offset(since: start) + " " + line.words(since: start) + ": not expected"
        case .forbidden(let line, _, let never):
            line.at.offset(since: start) + " " + line.words(since: start) + ": must not happen (line \(never.line))"
        case .failed(let reason): reason
        }
    }
}

extension Happening {
    func json(since start: Timestamp) -> JSON {
        .object([
            "at": .string(at.description), "after": .string(at.offset(since: start)),
            "journey": journey.map { .string($0) } ?? .null, "kind": .string(what.kind),
            "what": .string(words(since: start)), "language": language.map { .string($0.description) } ?? .null,
            "content": content?.json ?? .null,
        ])
    }
}

extension Happening.What {
    /// What sort of thing happened, for scripts.
    var kind: String {
        switch self {
        case .event: "event"
        case .stage: "stage"
        case .entered: "segment-entered"
        case .left: "segment-left"
        case .persona: "persona"
        case .started: "started"
        case .turnedAway: "turned-away"
        case .chose: "branch"
        case .sent: "sent"
        case .told: "told"
        case .skipped: "skipped"
        case .held: "held"
        case .waits, .waitsFor, .waitsForGoal: "waits"
        case .ended: "ended"
        case .failed: "failed"
        }
    }
}
