public import Logging
import Messaging
import Postgres
import Schema
public import ServiceLifecycle
public import TestSupport
public import Transit

/// A database and a broker of their own for one stage's test, and workers on them.
///
/// ```swift
/// try await TestStage.with(clock: .stepped(at: start)) { stage in
///     let worker = try stage.worker("scoring")
///     try await stage.running(worker.services + [EventConsumer(worker: worker)]) {
///         try await stage.broker.publish([batch.encoded], to: .events)
///         try await eventually("the event is a fact") { … }
///     }
/// }
/// ```
public struct TestStage: Sendable {
    /// The store; its pool is the test's own, apart from the workers'.
    public let database: TestDatabase
    /// The broker, with all queues declared.
    public let broker: TestBroker
    /// The store's clock as it was set.
    public let clock: TestClock

    public init(database: TestDatabase, broker: TestBroker, clock: TestClock) {
        self.database = database
        self.broker = broker
        self.clock = clock
    }

    /// Makes both, runs `body`, and removes both.
    public static func with<R>(
        clock: TestClock = .real, isolation: isolated (any Actor)? = #isolation,
        _ body: (TestStage) async throws -> R
    ) async throws -> R {
        try await TestDatabase.with(clock: clock) { database in
            try await TestBroker.with { broker in
                try await body(TestStage(database: database, broker: broker, clock: clock))
            }
        }
    }

    /// A worker as a process has it: with a pool and a publisher of its own.
    ///
    /// Run its `services` (they close what it holds) or ``close(_:)`` it.
    ///
    /// - Parameters:
    ///   - name: where it begins with a service's name, the worker has that service's rights on the store; else all.
    ///   - machineClock: the host's clock as the worker reads it.
    ///   - sweeps: whether it sweeps the outbox.
    public func worker(
        _ name: String = "test", connections: Int = 2, machineClock: MachineClock = .host, sweeps: Bool = true,
        logger: Logger = TestEnvironment.quiet
    ) throws -> Worker {
        Worker(
            pool: try database.pool(
                connections: connections, as: Role(shortName: String(name.prefix { $0 != " " }))?.shortName),
            broker: broker.configuration, clockMode: clock.mode,
            clock: machineClock, logger: logger, sweeps: sweeps)
    }

    /// Closes a worker whose services were not run.
    public func close(_ worker: Worker) async {
        await worker.publisher.close()
        await worker.pool.close()
    }

    /// Runs services as a process does, then `body`, then a graceful shutdown that must end by itself.
    ///
    /// Where a service fails, its error is thrown and `body` is cancelled.
    public func running(_ services: [any Service], _ body: @escaping @Sendable () async throws -> Void) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0, serviceName: "\(type(of: $0))") },
                logger: TestEnvironment.quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                do { try await body() } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }
}
