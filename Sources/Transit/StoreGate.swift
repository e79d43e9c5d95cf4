import Postgres
import Schema
import ServiceRuntime
import Store
import Synchronization

/// Whether the store fits this process: migrated as far as this build needs, with the clock that the process was told.
///
/// Closed until that was seen once. Whoever writes to the store waits here first: before the migration every statement
/// fails, and no body is at fault.
final class StoreGate: Sendable {
    private struct State {
        /// Why it is closed; nil once it is open.
        var obstacle: String? = "the store has not been seen yet"
        var waiters: [AsyncStream<Void>.Continuation] = []
    }

    private let pool: PostgresPool
    private let mode: DomainClock.Mode
    private let state = Mutex(State())

    init(pool: PostgresPool, mode: DomainClock.Mode) {
        self.pool = pool
        self.mode = mode
    }

    /// Why the store does not fit, as it was last seen; nil once it has fitted.
    var obstacle: String? { state.withLock { $0.obstacle } }

    /// Looks at the store, and opens the gate where it fits.
    ///
    /// - Returns: why it does not fit; nil when it does.
    /// - Throws: `ExitFault` when its clock is not this process's.
    func look() async throws(ExitFault) -> String? {
        let obstacle = try await findObstacle()
        let waiters = state.withLock { state in
            if obstacle == nil || state.obstacle != nil { state.obstacle = obstacle }
            guard state.obstacle == nil else { return [AsyncStream<Void>.Continuation]() }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.finish() }
        return obstacle
    }

    private func findObstacle() async throws(ExitFault) -> String? {
        let held: DomainClock.Mode?
        do {
            held = try await pool.withTransaction { session in
                let version = try Migrator.version(in: session) ?? 0
                return version >= Migrator.latest ? try DomainClock.mode(in: session) : nil
            }
        } catch {
            return "\(error)"
        }
        guard let held else { return "the store is not migrated yet; run: loods migrate" }
        guard held == mode else {
            throw ExitFault(
                code: .settings,
                message: "LOODS_CLOCK is \(mode.rawValue), but the store's clock is \(held.rawValue)")
        }
        return nil
    }

    /// Returns when the gate is open, or the task is cancelled.
    func pass() async {
        let (opened, waiter) = AsyncStream.makeStream(of: Void.self)
        let isOpen = state.withLock { state in
            if state.obstacle != nil { state.waiters.append(waiter) }
            return state.obstacle == nil
        }
        if isOpen { return }
        for await _ in opened {}
    }

    /// Returns when the gate is open and the store answers and fits at this moment, or the task is cancelled.
    func untilUsable() async {
        await pass()
        while !Task.isCancelled, (try? await look()) != .some(.none) {
            try? await Task.sleep(for: .milliseconds(500))
        }
    }
}
