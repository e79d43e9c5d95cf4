import Contracts
import Expressions
import Model
import Postgres
import Store
import Testing
import TestSupport
import Transit
import Workspaces

@testable import Audience

/// Runs hear of what their own version looks at, whatever the definitions are by now.
@Suite struct RunInterestTests {
    private static let waiting = """
        journey: reader
        enter: {event: Order Completed}
        steps:
          - wait_for: {event: Docs Viewed, at_most: 30d}
          - email: thanks
        """

    @Test func aRunOfAnOldVersionHearsOfItsEvents() async throws {
        var files = Shop.files
        files["journeys/reader.yaml"] = Self.waiting
        try await Bench.with(files) { bench in
            try await bench.apply(bench.event("Order Completed", "1"))
            try await start(bench.contact(.user, "anne"), in: bench)
            try await bench.redefine(Shop.files)
            let signals = try await bench.apply(
                bench.event("Docs Viewed", "2", minute: 1), bench.event("Page Viewed", "3", minute: 2),
                bench.event("Docs Viewed", "4", of: .user, "bram", minute: 3))
            #expect(signals.filter { $0.cause == .event }.map(\.eventID) == ["2"])
        }
    }

    /// With more revisions than are read at once, nothing is missed while they are not all known.
    @Test func whileNotAllVersionsAreKnownEverybodyIsAsked() async throws {
        try await Bench.with { bench in
            for number in 1...9 {
                var files = Shop.files
                files["journeys/reader.yaml"] = Self.waiting.replacing("Docs Viewed", with: "Docs Viewed \(number)")
                try await bench.redefine(files)
            }
            let interests = RunInterests(DefinitionsCache())
            let known = try await bench.database.pool.withTransaction { session in
                try (0..<4).map { _ in
                    try interests.interest(in: bench.workspace, revision: 10, session: session)
                }
            }
            #expect(known.map { $0 == nil } == [true, true, false, false])
            let interest = try #require(known[3])
            for number in 1...9 { #expect(interest.isIn("Docs Viewed \(number)")) }
            #expect(!interest.isIn("Page Viewed"))
        }
    }

    private func start(_ contact: ContactKey, in bench: Bench) async throws {
        let run = Run(
            contact: contact, id: .derived("test", "run"), journey: "reader", journeyVersion: 1, entryKey: "",
            entry: HistoryPosition(at: Bench.start, eventID: "1"), enteredAt: Bench.start, state: .object([:]))
        try await bench.database.pool.withTransaction { try Runs.insert([run], in: $0) }
    }
}
