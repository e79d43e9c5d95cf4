import ArgumentParser
import Expressions
import Model
import ServiceRuntime

struct ExprConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance", abstract: "Run conformance cases of CEL.",
        discussion: """
            The file is of the form of github.com/google/cel-spec, tests/simple, as protobuf's JSON: one file of sections, \
            or an object of files by name. A line for each case that fails or is skipped; skipped are only cases that \
            name a protobuf message or a type URL, which Loods has not. Exit code 1 where one fails.
            """)

    @Argument(help: "The file of cases.")
    var file: String
    @OptionGroup var format: FormatOption

    func run() throws {
        let json = try DocumentFile.json(file)
        let suite: ConformanceSuite
        do throws(ConformanceError) {
            suite = try ConformanceSuite(json)
        } catch {
            throw ExitFault(code: .failures, message: "\(file): \(error)")
        }
        let results = suite.run()
        if format.json { Console.show(report(results)) } else { show(results) }
        if results.contains(where: \.outcome.isFailure) { throw ArgumentParser.ExitCode(1) }
    }

    private func show(_ results: [ConformanceSuite.Result]) {
        for result in results {
            switch result.outcome {
            case .passed: break
            case .failed(let reason): print(Console.safe("failed   \(result.name): \(reason)"))
            case .skipped(let reason): print(Console.safe("skipped  \(result.name): \(reason)"))
            }
        }
        let passed = results.count { $0.outcome == .passed }
        let failed = results.count(where: \.outcome.isFailure)
        print("\(passed) passed, \(failed) failed, \(results.count - passed - failed) skipped")
    }

    private func report(_ results: [ConformanceSuite.Result]) -> JSON {
        var lists: [String: [JSON]] = ["failed": [], "skipped": []]
        var passed: Int64 = 0
        for result in results {
            switch result.outcome {
            case .passed: passed += 1
            case .failed(let reason):
                lists["failed"]?.append(.object(["name": .string(result.name), "reason": .string(reason)]))
            case .skipped(let reason):
                lists["skipped"]?.append(.object(["name": .string(result.name), "reason": .string(reason)]))
            }
        }
        return .object(["passed": .int(passed)].merging(lists.mapValues { .array($0) }) { $1 })
    }
}

extension ConformanceSuite.Outcome {
    fileprivate var isFailure: Bool { if case .failed = self { true } else { false } }
}
