public import Logging

/// What a service's composition root is given besides its settings.
public struct ServiceContext: Sendable {
    /// The service's name: `ingest`, `scoring`, `scheduler` or `mailer`.
    public let name: String
    /// Writes to the process's JSON log.
    public let logger: Logger
    /// What `/readyz` reports; register a check for every dependency.
    public let readiness: Readiness
}
