public import Postgres
import Store

extension PostgresPool {
    /// Runs a transaction and, where it lost against another one (deadlock, serialization, a merge between reading and
    /// locking), runs it again from the start, up to five times in all.
    public func withRepeatedTransaction<R: Sendable>(_ body: @Sendable (PostgresSession) throws -> R) async throws -> R
    {
        for _ in 1..<5 {
            do {
                return try await withTransaction(body)
            } catch let error as PostgresError where error.isSerializationConflict {
                continue
            } catch StoreError.mergedMeanwhile {
                continue
            }
        }
        return try await withTransaction(body)
    }
}

/// Whether the same work may succeed later, without a change to it.
public func isTransient(_ error: any Error) -> Bool {
    switch error {
    case let error as PostgresError: error.isTransient
    case StoreError.clockMissing, StoreError.mergedMeanwhile: true
    case is CancellationError: true
    default: false
    }
}
