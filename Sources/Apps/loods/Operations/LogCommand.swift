import ArgumentParser
import Foundation
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "How far the log of events goes back, and how long it is kept.",
        subcommands: [Show.self, Keep.self], defaultSubcommand: Show.self)
}

extension LogCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the parts of the log, and when the oldest leaves it.",
            discussion: """
                Parts are of the senders' own time. Scoring makes them ahead. What leaves is counted first: count, first, \
                last and sums without a window, and scores, stay as they are.
                """)

        @OptionGroup var format: FormatOption

        func run() async throws {
            let figures = try await withStore(.cell) { try LogFigures.read(in: $0) }
            if format.json { Console.show(figures.json) } else { figures.lines.forEach { print($0) } }
        }
    }

    struct Keep: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say how long the log is kept: 400d, or forever.",
            discussion: """
                For all workspaces, which share the log. A part leaves once the last event in it is that old, and a week \
                more. A part spans a month where the log is kept for up to 400 days, three for up to 1,230, else a year; \
                those that are made already stay as they are. Refused while a live condition looks back further (exit code \
                1). Services of a release before this command would miss what has left: replace them first.
                """)

        @Argument(help: "A length of time in days or weeks, 31d at least; or forever.", transform: Self.days)
        var length: Length
        @OptionGroup var format: FormatOption

        struct Length: Sendable {
            /// nil: for good.
            var days: Int32?
        }

        private static func days(_ text: String) throws -> Length {
            if text == "forever" { return Length() }
            let day = Span.days(1).microseconds
            guard let span = Span(text), span.microseconds % day == 0, span >= .days(Int64(EventRetention.shortest))
            else {
                throw ValidationError("The log is kept for whole days, 31d at least, or forever.")
            }
            return Length(days: Int32(span.microseconds / day))
        }

        func run() async throws {
            let (days, author) = (length.days, Self.author)
            let (faults, figures) = try await withStore(.cell) { session in
                let faults = try days.map { try LongWindows.all(beyond: .days(Int64($0)), in: session) } ?? []
                if faults.isEmpty {
                    try EventRetention.keep(days, by: author, now: DomainClock.read(in: session), in: session)
                }
                return (faults, try LogFigures.read(in: session))
            }
            guard faults.isEmpty else {
                for fault in faults { Console.note(fault.description) }
                throw ExitFault(
                    code: .failures,
                    message: "\(faults.count.counted("live window")) would look back further; nothing has been changed")
            }
            if format.json { Console.show(figures.json) } else { figures.lines.forEach { print($0) } }
        }

        private static var author: String {
            let environment = ProcessInfo.processInfo.environment
            return environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? "unknown"
        }
    }
}

extension LogFigures {
    /// `kept for 400d; goes back to 2025-01-01T00:00:00Z`.
    var standing: String {
        let kept = retention.kept.map { "kept for \($0)" } ?? "kept for good"
        guard let horizon = retention.horizon else { return "\(kept); nothing has left it" }
        return "\(kept); goes back to \(horizon)"
    }

    fileprivate var lines: [String] {
        var lines = ["the log is \(standing)"]
        if let nextLeaving { lines.append("the oldest part leaves at \(nextLeaving)") }
        for part in parts {
            let start = part.start < Timestamp(seconds: 1) ? "the beginning" : "\(part.start)"
            lines.append("  \(start) … \(part.end)" + (part.isSealed ? "   leaving" : ""))
        }
        if parts.isEmpty { lines.append("  no parts yet: scoring makes them") }
        if strays > 0 {
            let most = strays == StoreFigures.limit ? " or more" : ""
            lines.append("  \(strays.counted("event"))\(most) of clocks that were ahead of all parts")
        }
        return lines
    }

    var json: JSON {
        .object([
            "kept_seconds": retention.kept.map { .int($0.microseconds / 1_000_000) } ?? .null,
            "horizon": retention.horizon.map { .string($0.description) } ?? .null,
            "next_leaving": nextLeaving.map { .string($0.description) } ?? .null,
            "events_ahead": .int(strays),
            "parts": .array(
                parts.map { part in
                    .object([
                        "start": .string(part.start.description), "end": .string(part.end.description),
                        "leaving": .bool(part.isSealed),
                    ])
                }),
        ])
    }
}
