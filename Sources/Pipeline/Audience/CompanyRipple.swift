import Logging
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Carries what has changed about companies to their members, a short transaction at a time: they are evaluated afresh.
///
/// Any number of processes may do so side by side.
public struct CompanyRipple: Service {
    private static let slice: Int32 = 500
    private let worker: Worker

    public init(worker: Worker) { self.worker = worker }

    public func run() async throws {
        await worker.untilStoreFits()
        await every(.milliseconds(500)) {
            do {
                while try await worker.pool.withRepeatedTransaction({ session in
                    try Companies.stirMembers(limit: Self.slice, now: try DomainClock.read(in: session), in: session)
                }) != nil {}
            } catch {
                worker.note(error, "members of a company wait to be looked at")
            }
        }
    }
}
