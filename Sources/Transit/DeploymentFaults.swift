import Logging
import Postgres
import Store
import Synchronization

/// Whether nothing is wrong with the work, but with what this process was started on: the schema or the roles. Whoever
/// deploys has to act; until then the work is retried in place. Definitions that cannot be read are no such fault: they are
/// one workspace's, and others' work must not wait for it.
func isDeploymentFault(_ error: any Error) -> Bool {
    switch error {
    case let error as PostgresError: error.concernsInstallation
    case StoreError.clockMissing, StoreError.erasureKeyMissing, StoreError.erasureKeyDiffers: true
    default: false
    }
}

/// Says each fault of the deployment once per outage, which is over when the fault has not been met for a minute.
final class DeploymentFaults: Sendable {
    private static let memory = Duration.seconds(60)

    private let logger: Logger
    private let met = Mutex<[String: ContinuousClock.Instant]>([:])

    init(logger: Logger) { self.logger = logger }

    /// Takes note of a fault; says it where it is news at `now`.
    func note(_ error: any Error, at now: ContinuousClock.Instant = .now) {
        guard isDeploymentFault(error) else { return }
        let reason = "\(error)"
        let isNews = met.withLock { met in
            met = met.filter { $0.value + Self.memory > now }
            return met.updateValue(now, forKey: reason) == nil
        }
        guard isNews else { return }
        logger.error(
            "work waits for a fault of the deployment to be mended", metadata: ["reason": .string(reason)])
    }
}
