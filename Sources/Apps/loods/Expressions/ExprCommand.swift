import ArgumentParser
import Expressions
import Foundation
import Model
import ServiceRuntime

struct ExprCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expr", abstract: "Try conditions.",
        subcommands: [ExprEvalCommand.self, ExprConformanceCommand.self])
}

struct ExprEvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate a CEL expression for a contact.",
        discussion: """
            Prints the value, its type, and the instant before which time alone cannot change it.

            The contact is a JSON document; every member may be left out:

              {
                "attributes": {"plan": "pro", "seats": 12},
                "stage": "Think",
                "consents": ["onboarding"],
                "segments": ["trial-without-pixel"],
                "scores": {"fit": 30, "engagement": {"value": 40, "half_life": "14d"}},
                "events": [
                  {"name": "Order Completed", "at": "2026-03-01T09:00:00Z", "properties": {"revenue": 49.5}},
                  {"name": "Page Viewed", "ago": "2d", "context": {"page": {"path": "/docs"}}}
                ],
                "event": {"name": "Page Viewed", "properties": {"path": "/docs"}},
                "run_started": "2026-03-01T10:00:00Z"
              }

            'event' is what a rule on events sees, 'run_started' what run.did(…) counts from. Numbers from JSON are of one \
            kind: event.properties.revenue * 1.21 is defined whether the revenue is written 10 or 10.0, and 5 / 2 of them \
            is 2.5; everywhere else CEL's own rule stands, that arithmetic does not mix int and double.

            Exit code 1 where the expression is wrong or has no value.
            """)

    @Argument(help: "The expression. One that begins with a minus stands behind --.")
    var expression: String
    @Option(help: ArgumentHelp("The contact's document.", valueName: "file"))
    var contact: String?
    @Option(help: ArgumentHelp("The instant of the evaluation, such as 2026-03-02T10:00:00Z.", valueName: "time"))
    var at: String?
    @OptionGroup var format: FormatOption

    func run() throws {
        let document = try ContactDocument(try contact.map(DocumentFile.json) ?? .object([:]), now: try now())
        let report = ExpressionReport(expression, in: document)
        if format.json { Console.show(report.json) } else { print(report.text) }
        if !report.isValue { throw ArgumentParser.ExitCode(1) }
    }

    private func now() throws -> Timestamp {
        guard let at else { return Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
        guard let time = Timestamp(iso8601: at) else {
            throw ValidationError("--at takes an instant such as 2026-03-02T10:00:00Z")
        }
        return time
    }
}

/// Files that are given to `expr`.
enum DocumentFile {
    private static let limit = 64 * 1024 * 1024

    static func json(_ path: String) throws -> JSON {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ExitFault(code: .settings, message: "\(path) cannot be read")
        }
        guard data.count <= limit else {
            throw ExitFault(code: .settings, message: "\(path) is larger than \(limit.grouped) bytes")
        }
        do throws(JSONError) {
            return try JSON(parsingDocument: data)
        } catch {
            throw ExitFault(code: .failures, message: "\(path) is not JSON: \(error)")
        }
    }
}
