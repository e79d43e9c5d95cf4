import Logging
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Seals, at its start and each minute, what the ledger of consents has taken in, and writes each new head into the log:
/// whoever keeps logs keeps what the ledger can be held against.
public struct ConsentSealer: Service {
    private static let limit: Int32 = 10_000
    private let worker: Worker

    public init(worker: Worker) { self.worker = worker }

    public func run() async throws {
        await worker.untilStoreFits()
        await sealAll()
        await every(.seconds(60)) { await sealAll() }
    }

    private func sealAll() async {
        do {
            while try await seal() == Self.limit {}
        } catch {
            worker.note(error, "consents wait for their seal")
        }
    }

    /// - Returns: how many lines were sealed.
    private func seal() async throws -> Int32 {
        let seals = try await worker.pool.withTransaction { session in
            try ConsentSeals.seal(at: try DomainClock.read(in: session), limit: Self.limit, in: session)
        }
        for seal in seals {
            worker.logger.info(
                "consents sealed",
                metadata: [
                    "workspace": "\(seal.workspace.rawValue)", "seal": "\(seal.number)", "lines": "\(seal.digests)",
                    "head": "\(seal.head)",
                ])
        }
        return seals.reduce(0) { $0 + $1.digests }
    }
}
