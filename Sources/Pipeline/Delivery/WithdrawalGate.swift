import Logging
import Messaging
import Transit

/// Keeps marketing back until the withdrawals that the edge recorded during an outage have been applied.
///
/// Closed when the mailer starts and whenever the store was away; open again once the queue `withdrawals` has run empty.
actor WithdrawalGate {
    private let broker: BrokerConfiguration
    private let logger: Logger
    private var isOpen = false

    init(broker: BrokerConfiguration, logger: Logger) {
        self.broker = broker
        self.logger = logger
    }

    /// The store was away: what was recorded meanwhile goes first.
    func close() { isOpen = false }

    /// Returns once nothing recorded waits any more; throws `CancellationError` when the task is cancelled.
    func pass() async throws {
        while !isOpen {
            do {
                let depths = try await Topology.depths(broker)
                isOpen = depths.allSatisfy { $0.queue != .withdrawals || $0.ready == 0 }
            } catch {
                logger.debug("the queue of withdrawals cannot be asked", metadata: ["reason": "\(error)"])
            }
            if !isOpen { try await Task.sleep(for: .milliseconds(100)) }
        }
    }
}
