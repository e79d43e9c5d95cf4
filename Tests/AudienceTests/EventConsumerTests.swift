@testable import Audience
import Contracts
import Laboratory
import Logging
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport
import Transit

/// Batches from the queue: poison, versions that nobody knows, a store that is away.
@Suite struct EventConsumerTests {
    private static func delivery(_ events: [AcceptedEvent], attempts: Int = 0) -> Delivery {
        Delivery(
            queue: .events, lane: .live, body: EventBatch(id: .random(), events: events).encoded, attempts: attempts)
    }

    @Test(arguments: [0, 2])
    func onePoisonousEventIsSetAsideAlone(attempts: Int) async throws {
        try await Bench.with { bench in
            var broken = bench.event("Page Viewed", "broken")
            broken.properties = Array("{not json".utf8)
            var refused = bench.event("Page Viewed", "refused", of: .user, "bob")
            refused.properties = Array(#"{"a":"\u0000"}"#.utf8)
            let events = [
                bench.event("Page Viewed", "1"), broken, bench.event("Page Viewed", "2"), refused,
                bench.event("Page Viewed", "3", of: .user, "bob"),
            ]
            let consumer = EventConsumer(worker: try await bench.worker())
            let settlements = await consumer.handle([Self.delivery(events, attempts: attempts)])
            #expect(settlements == [.ack])
            #expect(try await bench.texts("select event_id from event_log order by 1") == ["1", "2", "3"])
            let bodies = try await bench.database.pool.withTransaction { session in
                try SetAside.list(all: true, in: session).map { try EventBatch(decoding: $0.body).events }
            }
            #expect(Set(bodies) == [[broken], [refused]])
        }
    }

    @Test func aBodyOfAnUnknownVersionIsSetAsideAndTheRestGoesOn() async throws {
        try await Bench.with { bench in
            var unknown = Self.delivery([bench.event("Page Viewed", "1")])
            unknown.body[2] = 99
            let consumer = EventConsumer(worker: try await bench.worker())
            let settlements = await consumer.handle([unknown, Self.delivery([bench.event("Page Viewed", "2")])])
            #expect(settlements == [.setAside(reason: "\(ContractError.unknownVersion(99))"), .ack])
            #expect(try await bench.texts("select event_id from event_log") == ["2"])
        }
    }

    @Test func whileTheStoreIsAwayNothingIsSetAside() async throws {
        try await Bench.with { bench in
            let away = PostgresPool(
                try PostgresConfiguration(
                    url: "postgres://nobody@127.0.0.1:1/nothing", applicationName: "test", poolSize: 1),
                logger: TestEnvironment.quiet)
            let consumer = EventConsumer(worker: try await Bench.worker(on: away))
            let settlements = await consumer.handle([Self.delivery([bench.event("Page Viewed", "1")])])
            #expect(settlements == [.retry(after: .milliseconds(500))])
            await away.close()
        }
    }

    /// Poison in one share, or bodies in flight, are what they are without shares.
    @Test func aBatchThatIsSharedOutIsAppliedWhole() async throws {
        try await Bench.with { bench in
            var broken = bench.event("Page Viewed", "broken", of: .user, "user 7")
            broken.properties = Array("{not json".utf8)
            let events = (0..<40).map { bench.event("Order Completed", "\($0)", of: .user, "user \($0)") }
            let bodies = [events[..<20] + [broken], events[20...]].map { EventBatch(id: .random(), events: Array($0)) }
            try await bench.database.pool.withTransaction { session in
                try Flights.depart(bodies.map(\.id), queue: "events", machineNow: Bench.start, in: session)
            }
            let consumer = EventConsumer(
                worker: try await bench.worker(connections: 2), shares: EventConsumer.Shares(count: 2, size: 10))
            let settlements = await consumer.handle(
                bodies.map { Delivery(queue: .events, lane: .live, body: $0.encoded) })
            #expect(settlements == [.ack, .ack])
            #expect(try await bench.count("select count(*) from event_log") == 40)
            #expect(try await bench.count("select count(*) from set_aside") == 1)
            #expect(try await bench.texts("select distinct queue from in_flight") == ["signals"])
        }
    }

    @Test func whatIsAboutOnePersonIsShared() async throws {
        try await Bench.with { bench in
            let merges = RememberedMerges()
            let people = (0..<30).map { bench.event("Page Viewed", "\($0)", of: .user, "user \($0)") }
            var link = people[0]
            link.eventID = "link"
            link.aliases = [Identity(.user, "user 1"), Identity(.user, "user 2")]
            merges.note([people[3].subjectKey: people[4].subjectKey])
            let shares = merges.shares(of: people + [link], among: 2)
            #expect(shares.count == 2)
            #expect(shares.joined().count == 31)
            func share(_ event: AcceptedEvent) -> Int? { shares.firstIndex { $0.contains(event) } }
            #expect(Set((people[...2] + [link]).map(share)).count == 1)
            #expect(share(people[3]) == share(people[4]))
            let first = merges.shares(of: people, among: 1)
            #expect(first == [people])
        }
    }

    @Test func bodiesInFlightArriveWithTheirEffect() async throws {
        try await Bench.with { bench in
            let batch = EventBatch(id: .random(), events: [bench.event("Order Completed", "1")])
            try await bench.database.pool.withTransaction { session in
                try Flights.depart([batch.id], queue: "events", machineNow: Bench.start, in: session)
            }
            let consumer = EventConsumer(worker: try await bench.worker())
            _ = await consumer.handle([Delivery(queue: .events, lane: .live, body: batch.encoded)])
            // The signals that came of it are in flight instead.
            #expect(try await bench.texts("select queue from in_flight") == ["signals"])
        }
    }

    @Test func eventsComeByTheQueueAndSignalsGoByTheNext() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            let bench = try await Bench.on(stage.database)
            let worker = try stage.worker("scoring")
            try await stage.running(worker.services + [EventConsumer(worker: worker)]) {
                let events = (0..<20).map { bench.event("Order Completed", "\($0)", of: .user, "user \($0)") }
                let bodies = events.map { EventBatch(id: .random(), events: [$0, $0]).encoded }
                try await stage.broker.publish(bodies + bodies, to: .events)
                try await eventually("every signal is out") {
                    let stored = try await bench.count("select count(*) from event_log")
                    let unpublished = try await bench.count("select count(*) from outbox")
                    let waiting = try await stage.broker.ready(in: .events)
                    return stored == 20 && unpublished == 0 && waiting == 0
                }
            }
            // A body that was slow to be confirmed may have been published again.
            let signals = try Set(try await stage.broker.take(from: .signals))
                .flatMap { try SignalBatch(decoding: $0).signals }
            #expect(signals.filter { $0.cause == .event }.count == 20)
        }
    }
}
