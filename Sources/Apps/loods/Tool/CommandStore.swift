import Postgres
import Store
import Transit

/// The store as a command uses it: every transaction begins by taking the command's standing, so that one about a workspace
/// sees that one and no other, whatever login the settings name.
struct CommandStore: Sendable {
    let pool: PostgresPool
    let standing: Standing

    /// Where it loses against another one it is run again.
    ///
    /// - Parameter limit: as `PostgresPool.withRepeatedTransaction` takes it.
    func transaction<R: Sendable>(
        within limit: Duration? = nil, _ body: @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        try await pool.withRepeatedTransaction(within: limit) { session in
            try standing.take(in: session)
            return try body(session)
        }
    }
}

/// Runs `body` in one transaction of the store that the settings name.
func withStore<R: Sendable>(
    _ standing: Standing, _ body: @escaping @Sendable (PostgresSession) throws -> R
) async throws -> R {
    let url = try Settings.read { Settings.databaseURL(&$0) }
    return try await PostgresPool.lend(url) { try await CommandStore(pool: $0, standing: standing).transaction(body) }
}

/// Runs `body` in one transaction about the chosen workspace; nothing of another is seen in it.
func withWorkspace<R: Sendable>(
    _ choice: WorkspaceChoice, _ body: @escaping @Sendable (WorkspaceRegister.Entry, PostgresSession) throws -> R
) async throws -> R {
    let url = try Settings.read { Settings.databaseURL(&$0) }
    return try await PostgresPool.lend(url) { pool in
        try await pool.withTransaction { try body(try choice.enter(in: $0), $0) }
    }
}
