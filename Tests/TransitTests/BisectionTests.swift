import Messaging
import Model
import Postgres
import Store
import Synchronization
import TestSupport
import Testing

@testable import Transit

/// What fails by itself is found; what fails for a reason of the deployment's is nobody's fault.
@Suite struct BisectionTests {
    private struct Poison: Error {}

    /// A worker whose store and broker nobody asks for anything.
    private func withWorker<R>(_ log: LogRecorder = LogRecorder(), _ body: (Worker) async throws -> R) async throws -> R
    {
        let worker = Worker(
            pool: PostgresPool(
                try PostgresConfiguration(url: "postgres://nobody@127.0.0.1:1/none", applicationName: "test"),
                logger: TestEnvironment.quiet),
            broker: try BrokerConfiguration(url: "amqp://nobody@127.0.0.1:1/", connectionName: "test"),
            clockMode: .real, clock: .host, logger: log.logger)
        let result = try await body(worker)
        await worker.publisher.close()
        await worker.pool.close()
        return result
    }

    @Test func onlyWhatFailsByItselfIsAtFault() async throws {
        try await withWorker { worker in
            var done: [Int] = []
            let faults = try await worker.bisect(Array(0..<20)[...]) { part in
                if part.contains(7) || part.contains(13) { throw Poison() }
                done += part
            }
            #expect(faults.map(\.item) == [7, 13])
            #expect(done == (0..<20).filter { $0 != 7 && $0 != 13 })
        }
    }

    @Test(arguments: ["42P01", "42703", "42501", "3D000", "3F000", "28P01"])
    func aFaultOfTheDeploymentIsNobodysAndSaidOnce(sqlState: String) async throws {
        let log = LogRecorder()
        try await withWorker(log) { worker in
            for _ in 0..<3 {
                var calls = 0
                let error = await #expect(throws: PostgresError.self) {
                    try await worker.bisect(Array(0..<20)[...]) { _ in
                        calls += 1
                        throw PostgresError(.server(sqlState: sqlState), "no such thing")
                    }
                }
                #expect(error?.sqlState == sqlState)
                #expect(calls == 1, "nothing is gained by taking the batch apart")
            }
            #expect(log.entries == ["error: work waits for a fault of the deployment to be mended"])
        }
    }

    @Test func aFaultIsSaidAgainAfterAMinuteWithoutIt() {
        let log = LogRecorder()
        let faults = DeploymentFaults(logger: log.logger)
        let start = ContinuousClock.now
        let error = PostgresError(.server(sqlState: "42501"), "permission denied")
        for seconds in [0, 30, 80, 130] { faults.note(error, at: start + .seconds(seconds)) }
        #expect(log.entries.count == 1)
        faults.note(error, at: start + .seconds(200))
        #expect(log.entries.count == 2)
        faults.note(Poison(), at: start + .seconds(200))
        faults.note(PostgresError(.connection, "gone"), at: start + .seconds(200))
        #expect(log.entries.count == 2)
    }
}
