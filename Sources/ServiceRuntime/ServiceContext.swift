public import Logging

/// What a service's composition root is given besides its settings.
public struct ServiceContext: Sendable {
    /// The service's name: `ingest`, `scoring`, `scheduler` or `mailer`.
    public let name: String
    /// Writes to the process's JSON log.
    public let logger: Logger
    /// What `/readyz` reports; register a check for every dependency.
    public let readiness: Readiness
    /// Where the process's counters are.
    let metrics: MetricsRegistry

    /// What counters of these names have counted together, whatever their labels.
    public func sum(of counters: [String]) -> Double { metrics.sum(of: Set(counters)) }
}
