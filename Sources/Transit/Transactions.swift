public import Postgres
import Store

extension PostgresPool {
    /// Runs a transaction and, where it lost against another one (deadlock, serialization, a merge between reading and
    /// locking), runs it again from the start, up to five times in all.
    ///
    /// - Parameter within: the time for all of it; see ``PostgresPool/withTransaction(within:deadline:statementTimeout:_:)``.
    public func withRepeatedTransaction<R: Sendable>(
        within: Duration? = nil, _ body: @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        let end = within.map { ContinuousClock.now + $0 }
        for _ in 1..<5 {
            do {
                return try await withTransaction(within: end.map { $0 - .now }, body)
            } catch let error as PostgresError where error.isSerializationConflict {
                continue
            } catch StoreError.mergedMeanwhile {
                continue
            }
        }
        return try await withTransaction(within: end.map { $0 - .now }, body)
    }
}

/// Whether the same work may succeed later, without a change to it: the store is away or in the way, or the deployment is
/// at fault (see `Worker.isTransient`, which says so).
public func isTransient(_ error: any Error) -> Bool {
    switch error {
    case let error as PostgresError where error.isTransient: true
    case StoreError.mergedMeanwhile, StoreError.lineageChanged: true
    case is CancellationError: true
    default: isDeploymentFault(error)
    }
}
