import Contracts
import Foundation
import Messaging
import Model
import Postgres
import Store
import Synchronization
import TestSupport
import Testing

@testable import Audience
@testable import Journeys

/// Facts are a function of the set of accepted events: several scorings at once, over permuted, split and repeated events,
/// come to what one thread makes of the set. Decisions need not be equal, but each is taken once, has its reason on
/// record, and stays.
///
/// `LOODS_TEST_FAULTS` plays more seeds; `LOODS_TEST_SEED` one of them.
@Suite struct OrderFreeTests {
    private static let seeds: ClosedRange<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["LOODS_TEST_SEED"].flatMap(UInt64.init) { return seed...seed }
        return switch environment["LOODS_TEST_FAULTS"] {
        case "lab": 1...25
        case "all": 1...150
        default: 1...5
        }
    }()

    @Test func factsDoNotDependOnHowTheyCame() async throws {
        var (events, deadlocks) = (0, 0)
        for seed in Self.seeds {
            let play = Play(seed: seed)
            let outcome = try await play.run()
            events += outcome.events
            deadlocks += outcome.deadlocks
            guard let complaint = outcome.complaints.first else { continue }
            // Said before the search for a smaller case, which takes its time.
            print("order-free: seed \(seed): \(outcome.complaints.prefix(20).joined(separator: "\n"))")
            let smallest = try await Shrinking(play, saying: complaint).smallest()
            Issue.record("seed \(seed): \(outcome.complaints.prefix(20).joined(separator: "\n"))\n\(smallest)")
            return
        }
        print("order-free: seeds \(Self.seeds), \(events) events, \(deadlocks) deadlocks, each tried again")
    }
}

/// One crowd, one way in which its events come, and what came of it.
struct Play {
    let seed: UInt64
    /// The numbers of the events that are left of those in no order; nil for all.
    var kept: Set<Int>?

    static let size = 140
    private static let (scorings, schedulings) = (3, 2)

    struct Outcome: Sendable {
        var events = 0
        var deadlocks = 0
        /// Empty when all is well.
        var complaints: [String] = []
        /// The events, for whoever looks for the fault.
        var story: [String] = []
    }

    func run() async throws -> Outcome {
        var outcome = Outcome()
        try await Bench.with(OracleShop.files) { bench in
            var crowd = Crowd(seed: seed, of: Self.size, on: bench)
            var dice = Dice(seed: seed ^ 0xA11)
            var arrival = Arrival(crowd.rest, workers: Self.scorings, dice: &dice)
            if let kept {
                crowd.keep(kept)
                arrival.keep(Set(crowd.rest.map(\.eventID)))
            }
            outcome.events = crowd.rest.count
            outcome.story = (crowd.prelude + crowd.rest).map(\.inWords)
            outcome.complaints = try await Self.play(crowd.prelude, arrival.hands, &dice, on: bench)
            if outcome.complaints.isEmpty { outcome.complaints = try await Self.compare(crowd, bench) }
            outcome.deadlocks = Int(
                try await bench.count("select deadlocks from pg_stat_database where datname = current_database()"))
        }
        return outcome
    }

    private static func play(
        _ prelude: [AcceptedEvent], _ hands: [[[Delivery]]], _ dice: inout Dice, on bench: Bench
    ) async throws -> [String] {
        let first = EventConsumer(worker: try await bench.worker())
        for hand in Arrival.inOrder(prelude) {
            if let fault = await Delivery.settle(hand, first.handle) { return [fault] }
        }
        let scored = Finished(of: scorings)
        let seeds = (0..<schedulings).map { _ in dice.next() }
        return try await withThrowingTaskGroup(of: [String].self) { group in
            for hand in hands {
                // Batches here are small, and are shared out all the same.
                let consumer = EventConsumer(
                    worker: try await bench.worker(connections: 2), shares: EventConsumer.Shares(count: 2, size: 3))
                group.addTask {
                    defer { scored.one() }
                    for deliveries in hand {
                        if let fault = await Delivery.settle(deliveries, consumer.handle) { return [fault] }
                    }
                    return []
                }
            }
            for seed in seeds {
                let scheduler = Scheduling(
                    bench, SignalConsumer(worker: try await bench.worker(as: "scheduler")), seed: seed)
                group.addTask {
                    try await scheduler.run { scored.all }
                }
            }
            group.addTask {
                var watch = DecisionWatch(
                    shared: [Crowd.shared, Crowd.former].map { $0.subjectID(in: bench.workspace) })
                try await eventually("all is scored", within: .seconds(240)) {
                    watch = try await watch.looking(at: bench)
                    return scored.all
                }
                return try await watch.looking(at: bench).complaints
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func compare(_ crowd: Crowd, _ bench: Bench) async throws -> [String] {
        let tied = Set(
            try await bench.texts("select event_id from event_log where name = 'Email Clicked'"))
        let oracle = Oracle(crowd) { tied.contains($0.eventID) }
        return try await bench.storedFacts().differences(from: oracle.facts)
            + clicks(crowd, oracle, tied)
            + DecisionReasons(oracle).faults(bench)
    }

    /// Clicks are tied to those who consented before all else, and to nobody who never did.
    private static func clicks(_ crowd: Crowd, _ oracle: Oracle, _ tied: Set<String>) -> [String] {
        let settled = Set(crowd.prelude.map(\.eventID))
        return crowd.rest.filter { $0.trust == .system }.compactMap { click in
            let contact = oracle.contact(of: click)
            let given = oracle.events.filter {
                oracle.contact(of: $0) == contact && $0.name == EventNames.consentGiven
                    && $0.property("topic") == "tracking"
            }
            let isTied = tied.contains(click.eventID)
            if isTied, given.isEmpty { return "\(click.eventID) is tied to somebody who never agreed" }
            let isSettled = given.contains { settled.contains($0.eventID) }
            return isSettled && !isTied ? "\(click.eventID) is not tied to somebody who agreed" : nil
        }
    }
}

/// Counts those who have finished.
private final class Finished: Sendable {
    private let expected: Int
    private let count = Atomic(0)

    init(of expected: Int) { self.expected = expected }

    var all: Bool { count.load(ordering: .sequentiallyConsistent) == expected }
    func one() { count.add(1, ordering: .sequentiallyConsistent) }
}

/// A scheduler that takes signals out of the outbox, some of them twice, until all is scored and nothing is left.
private struct Scheduling {
    private let bench: Bench
    private let consumer: SignalConsumer
    private var dice: Dice

    init(_ bench: Bench, _ consumer: SignalConsumer, seed: UInt64) {
        self.bench = bench
        self.consumer = consumer
        dice = Dice(seed: seed)
    }

    func run(until isScored: @Sendable () -> Bool) async throws -> [String] {
        var scheduling = self
        while true {
            let bodies = try await eventually("signals come, or all is scored", within: .seconds(240)) {
                // Asked before looking: what the last one wrote is seen then.
                let isLast = isScored()
                let bodies = try await scheduling.take()
                return bodies.isEmpty && !isLast ? nil : bodies
            }
            if bodies.isEmpty { return [] }
            for _ in 0...Int.random(in: 0...1, using: &scheduling.dice) {
                let deliveries = bodies.map { Delivery(queue: .signals, lane: .live, body: $0) }
                if let fault = await Delivery.settle(deliveries, consumer.handle) { return [fault] }
            }
        }
    }

    private mutating func take() async throws -> [[UInt8]] {
        let limit = Int32.random(in: 1...4, using: &dice)
        return try await bench.database.pool.withTransaction { session in
            try session.query(
                """
                delete from outbox where outbox_id in (
                    select outbox_id from outbox where queue = 'signals' order by random() limit \(limit)
                    for update skip locked)
                returning body
                """
            ).map { try $0[0, as: [UInt8].self] }
        }
    }
}

extension DecisionWatch {
    fileprivate func looking(at bench: Bench) async throws -> DecisionWatch {
        try await bench.database.pool.withTransaction { session in
            var watch = self
            try watch.look(session)
            return watch
        }
    }
}

extension AcceptedEvent {
    fileprivate var inWords: String {
        let strongest =
            switch subject {
            case .identity(let identity): "\(identity.kind) \(identity.value)"
            case .id(let id): "\(id)"
            }
        let names = ([strongest] + aliases.map { "\($0.kind) \($0.value)" }).joined(separator: " = ")
        return "\(eventID) \(name) (\(trust)) in hour \(at.microseconds / 3_600_000_000) of \(names): "
            + String(decoding: properties, as: UTF8.self) + " " + String(decoding: context, as: UTF8.self)
    }
}
