import Contracts
@testable import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Streams on a real store: what a contact has had is what stands there.
@Suite struct StreamTests {
    private static var files: [String: String] {
        var files = Shop.files
        files["streams/tips.yaml"] = "stream: tips\nemails: [thanks, offer]"
        files["journeys/tips.yaml"] = """
            journey: tips
            enter: {event: Tip Asked, key: event.id, again: per-key}
            steps: [{stream: tips, exhausted: [{set: {tips: had}}]}]
            """
        return files
    }

    private static func tips(_ bench: Bench) async throws -> [String] {
        try await bench.texts("select template from messages where journey = 'tips' order by planned_at, template")
    }

    @Test func eachIsPlannedOnceHoweverManyAskAtOnce() async throws {
        try await Bench.with { bench in
            try await Bench.apply(Self.files, to: bench.database)
            var signals: [Contracts.Signal] = []
            for number in 0..<3 { signals.append(try await bench.happens("Tip Asked", "t\(number)")) }
            try await bench.journeys.apply(signals[...], arriving: [], lane: .live)
            #expect(try await Self.tips(bench).sorted() == ["offer", "thanks"])
            let choices = try await bench.texts("select choice from decisions where choice = 'exhausted'")
            #expect(choices == ["exhausted"])
        }
    }

    @Test func whatAnotherJourneySentIsPassedOver() async throws {
        try await Bench.with { bench in
            try await Bench.apply(Self.files, to: bench.database)
            try await bench.hears("Order Completed", "o", .object(["order": .string("1")]))
            try await bench.hears("Tip Asked", "t", at: Bench.start + .seconds(1))
            #expect(try await Self.tips(bench) == ["offer"])
            let (standing, left) = try await bench.database.pool.withTransaction { session in
                let templates = ["thanks", "offer"]
                let standing = try StreamDirectory.standing(of: templates, in: bench.workspace, session: session)
                let left = try StreamDirectory.recipients(
                    of: templates, left: 0, after: nil, limit: 9, in: bench.workspace, session: session)
                return (standing, left)
            }
            #expect(standing.contacts == [2: 1] && standing.emails == ["thanks": 1, "offer": 1])
            #expect(left.map(\.contact) == [bench.contact("anne")] && left.first?.had == ["thanks", "offer"])
        }
    }

    @Test func whatWasSkippedIsSentTheNextTime() async throws {
        try await Bench.with { bench in
            try await Bench.apply(Self.files, to: bench.database)
            try await bench.hears("Tip Asked", "t1")
            try await bench.change("update messages set state = 'skipped', due_at = null, look_at = null")
            try await bench.hears("Tip Asked", "t2", at: Bench.start + .seconds(1))
            #expect(try await Self.tips(bench) == ["thanks", "thanks"])
            let counts = try await bench.database.pool.withTransaction { session in
                try StreamDirectory.standing(of: ["thanks", "offer"], in: bench.workspace, session: session)
            }
            #expect(counts.contacts == [1: 1])
        }
    }
}
