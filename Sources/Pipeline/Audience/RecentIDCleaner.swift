import Logging
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Forgets the ids of untimed events after 24 hours.
public struct RecentIDCleaner: Service {
    private let worker: Worker

    public init(worker: Worker) { self.worker = worker }

    public func run() async throws {
        await worker.untilStoreFits()
        await every(.seconds(60)) {
            do {
                try await worker.pool.withTransaction { session in
                    let now = try DomainClock.read(in: session)
                    try EventLog.forgetRecentIDs(before: now - .hours(24), in: session)
                }
            } catch {
                worker.note(error, "recent ids stay for now")
            }
        }
    }
}
