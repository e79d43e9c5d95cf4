import Logging
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Removes points some time after their end, when nobody reads them any more.
public struct ExpiredScoreCleaner: Service {
    private static let slice: Int32 = 10_000
    private let worker: Worker

    public init(worker: Worker) { self.worker = worker }

    public func run() async throws {
        await worker.untilStoreFits()
        await every(.seconds(60)) {
            do {
                var removed = Int(Self.slice)
                while removed == Int(Self.slice) {
                    removed = try await worker.pool.withTransaction { session in
                        let now = try DomainClock.read(in: session)
                        return try ScoreSums.forgetExpired(
                            before: now - .hours(1), limit: Self.slice, in: session)
                    }
                }
            } catch {
                worker.note(error, "points that have ended stay for now")
            }
        }
    }
}
