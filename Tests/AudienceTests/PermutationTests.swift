import Audience
import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport
import Transit

/// Facts are a function of the set of events: order, batches and writers do not show in them.
@Suite struct PermutationTests {
    @Test(arguments: [11, 12, 13] as [UInt64])
    func concurrentWritersAgreeWithASingleOne(seed: UInt64) async throws {
        var dice = Dice(seed: seed)
        let expected = try await Self.facts { bench in
            let writer = AudienceWriter(worker: try await bench.worker())
            for event in Self.events(bench, seed) { try await writer.apply([event], arriving: [], lane: .live) }
        }
        #expect(expected.events.count == 90)
        var shuffles: [[Int]] = []
        for _ in 0..<4 { shuffles.append(Array(0..<90).shuffled(using: &dice)) }
        let orders = shuffles
        let facts = try await Self.facts { bench in
            let events = Self.events(bench, seed)
            try await withThrowingTaskGroup(of: Void.self) { writers in
                for (number, order) in orders.enumerated() {
                    let writer = AudienceWriter(worker: try await bench.worker())
                    // Each writer brings more than its part, so that the parts overlap.
                    let part = order.filter { $0 % 4 == number || $0 % 7 == number }.map { events[$0] }
                    writers.addTask {
                        for start in stride(from: 0, to: part.count, by: 6) {
                            try await Self.apply(part[start..<min(start + 6, part.count)], writer)
                        }
                    }
                }
                try await writers.waitForAll()
            }
        }
        #expect(facts.events == expected.events)
        #expect(facts.contacts == expected.contacts)
        #expect(facts.scores == expected.scores)
        #expect(facts.consents == expected.consents)
    }

    /// What others were in the way of again and again comes once more, as from the queue.
    private static func apply(_ events: ArraySlice<AcceptedEvent>, _ writer: AudienceWriter) async throws {
        for _ in 1..<20 {
            do {
                return try await writer.apply(events, arriving: [], lane: .live)
            } catch  where isTransient(error) {
                continue
            }
        }
        try await writer.apply(events, arriving: [], lane: .live)
    }

    @Test func writersWithCrossingContactsAllGetThrough() async throws {
        try await Bench.with { bench in
            try await withThrowingTaskGroup(of: Void.self) { writers in
                for number in 0..<4 {
                    let writer = AudienceWriter(worker: try await bench.worker())
                    writers.addTask {
                        for round in 0..<15 {
                            let names = number.isMultiple(of: 2) ? ["ann", "bob", "cor"] : ["cor", "bob", "ann"]
                            let events = names.map {
                                bench.event("Page Viewed", "\(number) \(round)", of: .user, $0, minute: Int64(round))
                            }
                            try await writer.apply(events[...], arriving: [], lane: .live)
                        }
                    }
                }
                try await writers.waitForAll()
            }
            #expect(try await bench.count("select count(*) from event_log") == 180)
        }
    }

    private static func facts(_ body: (Bench) async throws -> Void) async throws -> Snapshot {
        var facts: Snapshot?
        try await Bench.with { bench in
            try await body(bench)
            facts = try await bench.snapshot()
        }
        return try #require(facts)
    }

    /// Five people, each with a user id, two anonymous ids and an address, who view, buy, describe themselves and consent.
    private static func events(_ bench: Bench, _ seed: UInt64) -> [AcceptedEvent] {
        var dice = Dice(seed: seed)
        return (0..<90).map { number in
            let person = Int.random(in: 0..<5, using: &dice)
            let minute = Int64.random(in: 0..<40, using: &dice)
            let device = "device \(person).\(Int.random(in: 0..<2, using: &dice))"
            let address = "p\(person)@shop.example"
            let id = "e\(number)"
            switch Int.random(in: 0..<8, using: &dice) {
            case 0:
                return bench.identify(
                    id, of: .user, "user \(person)", minute: minute,
                    aliases: [Identity(.anonymous, device), Identity(.email, address)],
                    traits: ["email": .string(address), "visits": .int(Int64(number))])
            case 1:
                return bench.identify(
                    id, of: .anonymous, device, minute: minute, aliases: [Identity(.email, address)],
                    traits: ["visits": .int(Int64(number)), "city": number.isMultiple(of: 3) ? .null : "Delft"])
            case 2: return bench.consent(id, of: "user \(person)", minute: minute)
            case 3:
                return bench.withdrawal(id, of: "user \(person)", at: address, minute: minute)
            case 4: return bench.event("Order Completed", id, of: .email, address, minute: minute)
            case 5: return bench.event("Page Viewed", id, of: .anonymous, device, minute: minute, timed: false)
            default: return bench.event("Page Viewed", id, of: .anonymous, device, minute: minute, trust: .publicKey)
            }
        }
    }
}
