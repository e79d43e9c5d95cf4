import Logging
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Removes what was kept of erased people's consents, once its time is over.
public struct ErasedConsentCleaner: Service {
    private static let slice: Int32 = 1_000
    private let worker: Worker

    public init(worker: Worker) { self.worker = worker }

    public func run() async throws {
        await worker.untilStoreFits()
        await every(.seconds(60)) {
            do {
                var removed = Int(Self.slice)
                while removed == Int(Self.slice) {
                    removed = try await worker.pool.withTransaction { session in
                        try ErasedConsents.forget(
                            at: try DomainClock.read(in: session), limit: Self.slice, in: session)
                    }
                }
            } catch {
                worker.note(error, "what was kept of erased people's consents stays for now")
            }
        }
    }
}
