import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store

struct ClockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock", abstract: "Read domain time, and move it where it is stepped.",
        subcommands: [Show.self, Advance.self, Until.self])
}

extension ClockCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the time and the mode.")

        @OptionGroup var format: FormatOption

        func run() async throws {
            let (clock, next) = try await withStore(.cell) { session in
                let clock = try DomainClock.reading(in: session)
                return (clock, try Quiet.nextDue(after: clock.now, in: session))
            }
            if format.json {
                return Console.show(
                    .object([
                        "now": .string(clock.now.description), "mode": .string(clock.mode.rawValue),
                        "next_due": next.map { .string($0.description) } ?? .null,
                    ]))
            }
            print("\(clock.now)   \(clock.mode.rawValue)" + (next.map { "   next due \($0)" } ?? ""))
        }
    }

    struct Advance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move a stepped clock forward, from one due instant to the next.",
            discussion: "At each instant it waits until everything that follows from it is done.")

        @Argument(help: "How far, such as 14d, 36h or 1d12h.", transform: Self.span)
        var duration: Span
        @OptionGroup var format: FormatOption

        func run() async throws {
            let duration = duration
            try await ClockWalk.run(format) { $0 + duration }
        }

        private static func span(_ text: String) throws -> Span {
            guard let span = Span(text) else {
                throw ValidationError("\"\(text)\" is no length of time such as 14d or 1d12h.")
            }
            return span
        }
    }

    struct Until: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move a stepped clock forward to an instant.",
            discussion: "At each due instant on the way it waits until everything that follows from it is done.")

        @Argument(help: "The instant, such as 2026-03-02T09:00:00Z.", transform: Self.instant)
        var time: Timestamp
        @OptionGroup var format: FormatOption

        func run() async throws {
            let time = time
            try await ClockWalk.run(format) { now in
                guard time >= now else {
                    throw ExitFault(code: .settings, message: "the clock stands at \(now) already and never goes back")
                }
                return time
            }
        }

        private static func instant(_ text: String) throws -> Timestamp {
            guard let time = Timestamp(iso8601: text) else {
                throw ValidationError("\"\(text)\" is no instant such as 2026-03-02T09:00:00Z.")
            }
            return time
        }
    }
}
