import Laboratory
import Messaging
import Model
import Postgres
import Schema
import ServiceLifecycle
import ServiceRuntime
import Store
import Synchronization
import TestSupport
import Testing

@testable import Transit

/// A worker that was started before `loods migrate`, or with another clock.
@Suite struct StoreGateTests {
    private func worker(on database: TestDatabase, _ broker: TestBroker, log: LogRecorder = LogRecorder()) throws
        -> Worker
    {
        Worker(
            pool: try database.pool(connections: 2), broker: broker.configuration, clockMode: .real, clock: .host,
            logger: log.logger)
    }

    private func consumer(of worker: Worker, _ handle: @escaping @Sendable () -> Void) -> Consumer {
        let sink = worker.setAside
        return Consumer(
            on: worker.intake, queue: .events, maximumBatch: (bodies: 1, bytes: 1), prefetch: 10,
            setAside: { try await sink.keep($0, reason: $1) }, logger: worker.logger
        ) { deliveries in
            handle()
            return deliveries.map { _ in .ack }
        }
    }

    private func migrate(_ database: TestDatabase, _ mode: DomainClock.Mode = .real) async throws {
        try await database.pool.withTransaction { session in
            _ = try Migrator.migrate(in: session)
            _ = try DomainClock.initialize(mode, at: Timestamp(seconds: 0), in: session)
        }
    }

    @Test func nothingIsTakenBeforeTheStoreIsMigrated() async throws {
        try await TestDatabase.withEmpty { database in
            try await TestBroker.with { broker in
                try await broker.publish([[1]], to: .events)
                let log = LogRecorder()
                let worker = try worker(on: database, broker, log: log)
                let readiness = Readiness()
                worker.register(in: readiness)
                let handled = Mutex(0)
                let consumer = consumer(of: worker) { handled.withLock { $0 += 1 } }
                let stage = TestStage(database: database, broker: broker, clock: .real)
                try await stage.running(worker.services + [consumer]) {
                    let unmigrated = "the store is not migrated yet; run: loods migrate"
                    try await eventually("all is there but the schema") {
                        let report = await readiness.report()
                        return report.map(\.check) == [.ready, .ready, .notReady(unmigrated)]
                    }
                    #expect(handled.withLock { $0 } == 0)
                    #expect(try await broker.ready(in: .events) == 1)
                    try await migrate(database)
                    try await eventually("it is handled") { handled.withLock { $0 } == 1 }
                    #expect(await readiness.report().allSatisfy { $0.check == .ready })
                }
                #expect(log.entries.filter { $0 == "warning: the service waits for the store" }.count == 1)
            }
        }
    }

    @Test func withAnotherClockNothingIsTakenAndTheProcessEnds() async throws {
        try await TestStage.with(clock: .stepped(at: Timestamp(seconds: 0))) { stage in
            try await stage.broker.publish([[1]], to: .events)
            let worker = try worker(on: stage.database, stage.broker)
            let handled = Mutex(0)
            let consumer = consumer(of: worker) { handled.withLock { $0 += 1 } }
            let services = (worker.services + [consumer]).map {
                ServiceGroupConfiguration.ServiceConfiguration(service: $0)
            }
            let group = ServiceGroup(configuration: .init(services: services, logger: TestEnvironment.quiet))
            let fault = await #expect(throws: ExitFault.self) { try await group.run() }
            #expect(fault?.code == .settings)
            #expect(handled.withLock { $0 } == 0)
        }
    }

    @Test func loopsWaitForTheStoreOrForShutdown() async throws {
        struct Loop: Service {
            let worker: Worker
            let hasBegun: @Sendable () -> Void

            func run() async throws {
                await worker.untilStoreFits()
                if !Task.isShuttingDownGracefully { hasBegun() }
            }
        }
        try await TestDatabase.withEmpty { database in
            try await TestBroker.with { broker in
                let worker = try worker(on: database, broker)
                let stage = TestStage(database: database, broker: broker, clock: .real)
                let begun = Mutex(false)
                try await stage.running([Loop(worker: worker) { begun.withLock { $0 = true } }]) {}
                #expect(!begun.withLock { $0 })
                await stage.close(worker)
            }
        }
    }
}
