import Synchronization

/// What `/readyz` reports: each dependency that a service names, and whether the service is being shut down.
public final class Readiness: Sendable {
    /// The answer of one check.
    public enum Check: Sendable, Hashable {
        case ready
        /// Able to work, but not at all of it, with a sentence that names what is missing. Still ready: nobody else could do
        /// better, and whoever stops sending work here would stop the rest of it too.
        case limited(String)
        /// Not able to work, with a sentence that names the fault.
        case notReady(String)

        public var isReady: Bool {
            if case .notReady = self { false } else { true }
        }
    }

    private struct State {
        var checks: [(name: String, check: @Sendable () async -> Check)] = []
        var isDraining = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Adds a check. It runs on every call of `/readyz`, so it must answer from what is known, without waiting.
    public func register(_ name: String, _ check: @escaping @Sendable () async -> Check) {
        state.withLock { $0.checks.append((name, check)) }
    }

    /// From now on the service is not ready: it takes no new work and ends what it has.
    public func drain() {
        state.withLock { $0.isDraining = true }
    }

    /// All checks in the order of registration; the service is ready when none is `notReady`.
    public func report() async -> [(name: String, check: Check)] {
        let (checks, isDraining) = state.withLock { ($0.checks, $0.isDraining) }
        var report: [(name: String, check: Check)] = isDraining ? [("service", .notReady("is being shut down"))] : []
        for (name, check) in checks { report.append((name, await check())) }
        return report
    }
}
