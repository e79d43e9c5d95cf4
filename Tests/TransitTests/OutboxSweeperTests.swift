import AMQP
import Laboratory
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

@testable import Transit

/// What a worker or the broker has left in the outbox.
@Suite struct OutboxSweeperTests {
    private static let long = Timestamp(seconds: 1_000)
    private static let now = Timestamp(seconds: 2_000)

    private func rows(_ count: Int, _ queue: QueueName) -> [Outbox.Row] {
        (0..<count).map { number in
            Outbox.Row(
                id: .derived("sweeper", queue.rawValue, "\(number)"), queue: queue.rawValue, lane: "live",
                body: Array("\(queue) \(number)".utf8))
        }
    }

    private func add(_ rows: [Outbox.Row], to database: TestDatabase) async throws {
        try await database.pool.withTransaction {
            try Outbox.add(rows, clock: .real, machineNow: Self.long, in: $0)
        }
    }

    /// How many rows stand, by queue, and how many of them were never claimed.
    private func standing(_ queue: QueueName, _ database: TestDatabase) async throws -> (all: Int64, untouched: Int64) {
        try await database.pool.withTransaction { session in
            let row = try session.query(
                """
                select count(*), count(*) filter (where created_at = \(Self.long)) from outbox
                where queue = \(queue.rawValue)
                """)[0]
            return (try row[0, as: Int64.self], try row[1, as: Int64.self])
        }
    }

    private func sweeper(_ worker: Worker, at now: Timestamp = Self.now) -> OutboxSweeper {
        OutboxSweeper(pool: worker.pool, relay: worker.relay, clock: MachineClock { now }, logger: worker.logger)
    }

    /// Sweeps until nothing of the queue stands. One sweep does it, unless it waited for a confirm as long as it may: what
    /// stays then is stale again ten seconds later.
    private func sweep(_ worker: Worker, until queue: QueueName, isEmptyIn database: TestDatabase) async throws {
        try await worker.publisher.publish([], to: .withdrawals, lane: .live)
        var sweeps: Int64 = 0
        try await eventually("\(queue) is swept") {
            let start = ContinuousClock.now
            await sweeper(worker, at: Self.now + .seconds(10 * sweeps)).sweep()
            let time = ContinuousClock.now - start
            sweeps += 1
            if try await standing(queue, database).all == 0 { return true }
            #expect(time >= .milliseconds(1_500), "all that is stale goes in one sweep")
            return false
        }
    }

    /// What stands in a queue, each body once: one whose confirm came too late is published again.
    private func published(_ queue: QueueName, _ stage: TestStage) async throws -> Set<[UInt8]> {
        Set(try await stage.broker.take(from: queue))
    }

    @Test func everythingThatIsStaleIsPublishedAndGone() async throws {
        try await TestStage.with { stage in
            let (events, signals) = (rows(150, .events), rows(70, .signals))
            try await add(events + signals, to: stage.database)
            let worker = try stage.worker()
            try await sweep(worker, until: .events, isEmptyIn: stage.database)
            try await sweep(worker, until: .signals, isEmptyIn: stage.database)
            #expect(try await published(.events, stage) == Set(events.map(\.body)))
            #expect(try await published(.signals, stage) == Set(signals.map(\.body)))
            await stage.close(worker)
        }
    }

    /// The host that wrote it was an hour ahead, and died before it published.
    @Test func whatAClockFarAheadHasWrittenIsNotWaitedFor() async throws {
        try await TestStage.with { stage in
            let row = rows(1, .events)
            try await stage.database.pool.withTransaction {
                try Outbox.add(row, clock: .real, machineNow: Self.now + .hours(1), in: $0)
            }
            let worker = try stage.worker()
            try await sweep(worker, until: .events, isEmptyIn: stage.database)
            #expect(try await published(.events, stage) == Set(row.map(\.body)))
            await stage.close(worker)
        }
    }

    /// The sweep goes on with the others, and ends though the refused rows stay.
    @Test func aQueueThatRefusesHoldsUpNoOther() async throws {
        try await TestStage.with { stage in
            let worker = try stage.worker()
            try await worker.publisher.publish([0], to: .signals, lane: .live)
            try await refuse("loods.events.live", on: stage.broker)
            try await add(rows(200, .events), to: stage.database)
            try await add(rows(40, .signals), to: stage.database)
            await sweeper(worker).sweep()
            let refused = try await standing(.events, stage.database)
            #expect(refused.all == 200)
            #expect(refused.untouched == 168, "one portion was tried")
            try await sweep(worker, until: .signals, isEmptyIn: stage.database)
            #expect(try await published(.signals, stage) == Set(rows(40, .signals).map(\.body) + [[0]]))
            await stage.close(worker)
        }
    }

    /// Puts a queue that takes nothing in the place of ours.
    private func refuse(_ queue: String, on broker: TestBroker) async throws {
        let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
        _ = try await connection.deleteQueue(queue)
        _ = try await connection.declareQueue(
            queue, arguments: ["x-queue-type": "classic", "x-max-length": 0, "x-overflow": "reject-publish"])
        await connection.close()
    }

    @Test(.timeLimit(.minutes(10))) func whileTheBrokerIsAwayNothingIsClaimedAndNobodyWaitsForLong() async throws {
        try await TestDatabase.with { database in
            let rows = rows(120, .events)
            try await add(rows, to: database)
            let worker = Worker(
                pool: try database.pool(connections: 2),
                broker: try BrokerConfiguration(url: "amqp://nobody@127.0.0.1:1/", connectionName: "test"),
                clockMode: .real, clock: .host, logger: TestEnvironment.quiet)
            // The first attempt finds out that it is away.
            let before = ContinuousClock.now
            #expect(await worker.relay.publish(rows) == [])
            #expect(ContinuousClock.now - before < .seconds(15), "far below the publisher's 30 seconds")
            try await eventually("it is known to be away") { worker.publisher.isKnownUnusable }
            await sweeper(worker).sweep()
            let standing = try await standing(.events, database)
            #expect(standing == (120, 120))
            await worker.publisher.close()
        }
    }
}
