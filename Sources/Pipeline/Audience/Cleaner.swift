import Logging
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Removes each minute what nobody reads any more.
public struct Cleaner: Service {
    private let worker: Worker
    /// What is told where the store fails it.
    private let excuse: Logger.Message
    /// Removes, in a transaction of its own, what is over by domain time; answers whether more may be left.
    private let remove: @Sendable (_ now: Timestamp, PostgresSession) throws -> Bool

    /// All that scoring keeps clean.
    public static func all(of worker: Worker) -> [Cleaner] {
        let (points, consents): (Int32, Int32) = (10_000, 1_000)
        return [
            // The ids of untimed events.
            Cleaner(worker: worker, excuse: "recent ids stay for now") { now, session in
                try EventLog.forgetRecentIDs(before: now - .hours(24), in: session)
                return false
            },
            Cleaner(worker: worker, excuse: "points that have ended stay for now") { now, session in
                try ScoreSums.forgetExpired(before: now - .hours(1), limit: points, in: session) == points
            },
            Cleaner(worker: worker, excuse: "erased people's consents stay for now") { now, session in
                try ErasedConsents.forget(at: now, limit: consents, in: session) == consents
            },
        ]
    }

    public func run() async throws {
        await worker.untilStoreFits()
        await every(.seconds(60)) {
            do {
                while try await worker.pool.withTransaction({ session in
                    try remove(try DomainClock.read(in: session), session)
                }) {}
            } catch {
                worker.note(error, excuse)
            }
        }
    }
}
