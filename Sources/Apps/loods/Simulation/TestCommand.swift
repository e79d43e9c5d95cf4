import ArgumentParser
import Foundation
import Model
import ServiceRuntime
import Simulation
import Workspaces

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run a workspace's tests on a virtual clock; no server is needed.",
        discussion: """
            tests/*.yaml say what happens to a contact, and what must and must not come of it. Exit code 1 where a test \
            fails or cannot be read.
            """)

    @Argument(help: "The workspace's folder.")
    var folder = "."
    @Argument(help: "Only tests whose name or file contains this.")
    var filter: String?
    @Option(help: "Also write the outcome to this file, as JUnit's XML.")
    var junit: String?
    @Flag(help: "Name each step and branch that no test reaches.")
    var coverage = false
    @OptionGroup var format: FormatOption

    func run() throws {
        let clock = ContinuousClock()
        let begun = clock.now
        let folder = try WorkspaceFolder(folder)
        let workspace = try folder.workspace(format)
        let (tests, findings) = workspace.tests(in: folder.tests)
        try folder.refuse(findings, format)
        let chosen = tests.filter { test in
            filter.map { test.name.contains($0) || test.file.contains($0) } ?? true
        }
        if let filter, chosen.isEmpty {
            throw ExitFault(code: .failures, message: "no test's name or file contains \"\(filter)\"")
        }
        var simulators: [String?: Simulator] = [:]
        var coverage = Coverage(workspace)
        let results = chosen.map { test in
            let simulator = simulators[test.journey] ?? Simulator(workspace, journeys: test.journey.map { [$0] })
            simulators[test.journey] = simulator
            let result = PreparedTest(test, in: simulator).run()
            for story in result.stories { coverage.add(story.lines) }
            return result
        }
        let telling = TestTelling(
            workspace: workspace, results: results, coverage: coverage, took: begun.duration(to: clock.now),
            files: folder.files)
        if let junit { try Data(JUnitReport(results).xml.utf8).write(to: URL(fileURLWithPath: junit)) }
        if format.json { Console.show(telling.json) } else { telling.show(withCoverage: self.coverage) }
        if results.contains(where: { !$0.passed }) { throw ArgumentParser.ExitCode(1) }
    }
}

extension WorkspaceFolder {
    /// The workspace, without which nothing can be played: its errors are shown, and end the command.
    func workspace(_ format: FormatOption) throws -> Workspace {
        let loaded = Workspace.load(files: files)
        guard let workspace = loaded.workspace else {
            try refuse(loaded.findings.filter { $0.severity == .error }, format)
            throw ArgumentParser.ExitCode(1)
        }
        return workspace
    }

    /// Shows findings where there are any, and ends the command with them.
    func refuse(_ findings: [Finding], _ format: FormatOption) throws {
        guard !findings.isEmpty else { return }
        if format.json {
            Console.show(.object(["findings": .array(findings.map(\.json))]))
        } else {
            for finding in findings { print(finding) }
        }
        throw ArgumentParser.ExitCode(1)
    }
}
