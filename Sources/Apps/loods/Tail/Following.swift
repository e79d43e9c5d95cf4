import Foundation
import Model
import Postgres
import Store

/// Follows events and decisions until Ctrl-C, through outages of the store.
struct Following {
    private static let pause = Duration.milliseconds(500)
    /// How soon an interrupt is noticed.
    private static let slice = Duration.milliseconds(50)

    let store: CommandStore
    var events: EventTail?
    var decisions: DecisionTail?
    let isJSON: Bool
    private var isAway = false

    init(_ store: CommandStore, events: EventTail?, decisions: DecisionTail?, isJSON: Bool) {
        self.store = store
        self.events = events
        self.decisions = decisions
        self.isJSON = isJSON
    }

    /// - Parameter last: how many lines from before to begin with.
    mutating func run(last: Int) async throws {
        var isFirst = true
        while !Interruption.hasCome {
            let start = ContinuousClock.now
            if let lines = try await look(isFirst ? last : nil) {
                show(isFirst ? lines.suffix(last) : lines[...])
                isFirst = false
            }
            // A store that answers slowly is asked less often.
            await rest(max(Self.pause, (ContinuousClock.now - start) * 4))
        }
        // The terminal has shown ^C on this line.
        if Console.isTerminal { Console.note("") }
    }

    private func rest(_ pause: Duration) async {
        let end = ContinuousClock.now + pause
        while ContinuousClock.now < end, !Interruption.hasCome { try? await Task.sleep(for: Self.slice) }
    }

    /// What is new, or with a number the last of before; nil while the store is away.
    private mutating func look(_ last: Int?) async throws -> [TailLine]? {
        let (before, after) = ((events, decisions), isAway)
        do {
            let (events, decisions, lines) = try await store.transaction(within: .seconds(20)) { session in
                var (events, decisions) = before
                let stored = try last.map { try events?.last($0, in: session) } ?? events?.next(in: session)
                let decided = try last.map { try decisions?.last($0, in: session) } ?? decisions?.next(in: session)
                let lines = (stored ?? []).map(TailLine.init) + (decided ?? []).map(TailLine.init)
                return (events, decisions, lines.sorted { $0.at < $1.at })
            }
            (self.events, self.decisions) = (events, decisions)
            if after { Console.note("PostgreSQL is back") }
            isAway = false
            return lines
        } catch let error as PostgresError where error.isTransient && error.wayOut == nil {
            if !isAway {
                let reason = error.message.prefix { $0 != "\n" && $0 != ";" }
                Console.note("PostgreSQL is away (\(reason)); this goes on when it is back")
            }
            isAway = true
            return nil
        }
    }

    /// At once, also into a pipe.
    private func show(_ lines: ArraySlice<TailLine>) {
        guard !lines.isEmpty else { return }
        let text = lines.map { line in
            (isJSON ? String(decoding: line.json.serialized, as: UTF8.self) : line.text) + "\n"
        }.joined()
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}
