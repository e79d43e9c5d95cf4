import Audience
import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

/// Stages that follow their conditions: facts, which go back, with their whole history.
@Suite struct FollowTests {
    private static func files(_ regress: String) -> [String: String] {
        Shop.files.merging([
            "scores.yaml": """
            scores:
              - score: engagement
                points:
                  - {event: Form Submitted, points: 10}
                  - {event: Order Refunded, points: -10}
            """,
            "stages.yaml": """
            regress: \(regress)
            stages:
              - stage: see
              - {stage: think, when: 'score("engagement") >= 10 || contact.plan == "trial"'}
              - {stage: do, when: 'count("Order Completed") == 1'}
            """,
        ]) { $1 }
    }

    private static func moves(_ bench: Bench) async throws -> [String] {
        try await bench.texts(
            "select concat_ws(' ', previous, '>', stage, 'with', event_id) from stages order by number")
    }

    @Test func aStageIsLeftAndReachedAgain() async throws {
        try await Bench.with(Self.files("follow")) { bench in
            let events = ["Form Submitted", "Order Refunded", "Form Submitted", "Order Completed", "Order Completed"]
            var signals: [Signal] = []
            for (number, name) in events.enumerated() {
                signals += try await bench.apply(bench.event(name, "\(number)", minute: Int64(number)))
            }
            try await bench.apply(bench.identify("5", minute: 5, traits: ["plan": "trial"]))
            #expect(
                try await Self.moves(bench) == [
                    "> think with 0", "think > see with 1", "see > think with 2", "think > do with 3",
                    "do > think with 4",
                ])
            #expect(try await bench.state(.user, "anne")?.stage == "think")
            let reached = signals.compactMap { if case .stage(let stage) = $0.cause { stage } else { nil } }
            #expect(reached == ["think", "see", "think", "do", "think"])
        }
    }

    @Test func withoutItAStageIsKept() async throws {
        try await Bench.with(Self.files("never")) { bench in
            for (number, name) in ["Form Submitted", "Order Refunded"].enumerated() {
                try await bench.apply(bench.event(name, "\(number)", minute: Int64(number)))
            }
            #expect(try await Self.moves(bench) == ["> think with 0"])
        }
    }

    /// A stage that follows is a fact: in whatever order and batches the events come, it is the same in the end.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func theOrderOfEventsDoesNotMatter(seed: UInt64) async throws {
        try await Bench.with(Self.files("follow")) { bench in
            var dice = Dice(seed: seed)
            let names = ["Form Submitted", "Order Refunded", "Order Completed", "Page Viewed"]
            let counts = (0..<12).map { _ in names.map { _ in Int.random(in: 0...2, using: &dice) } }
            var events: [AcceptedEvent] = []
            for (person, counts) in counts.enumerated() {
                for (name, count) in zip(names, counts) {
                    for number in 0..<count {
                        let id = "\(person) \(name) \(number)"
                        events.append(
                            bench.event(
                                name, id, of: .user, "p\(person)", minute: Int64.random(in: -60...0, using: &dice)))
                    }
                }
                for plan in ["trial", "paid"] where Bool.random(using: &dice) {
                    events.append(
                        bench.identify(
                            "\(person) \(plan)", of: .user, "p\(person)",
                            minute: Int64.random(in: -60...0, using: &dice), traits: ["plan": .string(plan)]))
                }
            }
            let writer = AudienceWriter(worker: try await bench.worker())
            var rest = events.shuffled(using: &dice)[...]
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...5, using: &dice))
                try await writer.apply(part, arriving: [], lane: .live)
                rest = rest.dropFirst(part.count)
            }
            for (person, counts) in counts.enumerated()
            where events.contains(where: { $0.eventID.hasPrefix("\(person) ") }) {
                let plans = events.filter { $0.eventID.hasPrefix("\(person) ") && $0.call == .identify }
                let plan = plans.max { ($0.at, $0.eventID) < ($1.at, $1.eventID) }?.eventID.hasSuffix("trial") ?? false
                let expected = counts[2] == 1 ? "do" : counts[0] > counts[1] || plan ? "think" : "see"
                #expect(try await bench.state(.user, "p\(person)")?.stage == expected)
            }
        }
    }
}
