public import Foundation
import Synchronization

/// What a test sent to a cluster and what it was answered: the side of the account that is not the store's.
public final class Journal: Sendable {
    /// A withdrawal that was answered.
    public struct Withdrawal: Sendable {
        public var address: String
        public var topic: String
        /// `applied` or `recorded`.
        public var answer: String
        /// When the answer was there, by the host's clock.
        public var answeredAt: Date
    }

    private struct State {
        var sent: Set<String> = []
        var accepted: Set<String> = []
        var withdrawals: [Withdrawal] = []
    }

    private let state = Mutex(State())

    /// The ids of all events that were sent, answered or not.
    public var sent: Set<String> { state.withLock { $0.sent } }
    /// The ids of those that were answered 200.
    public var accepted: Set<String> { state.withLock { $0.accepted } }
    public var withdrawals: [Withdrawal] { state.withLock { $0.withdrawals } }

    /// Notes events that are about to be sent.
    public func sends(_ ids: [String]) { state.withLock { $0.sent.formUnion(ids) } }

    /// Notes events that were answered 200.
    public func accepted(_ ids: [String]) { state.withLock { $0.accepted.formUnion(ids) } }

    /// Forgets that events were answered 200, since whom they are about is to be erased: none of them need be there.
    public func releases(_ ids: [String]) { state.withLock { $0.accepted.subtract(ids) } }

    /// Notes a withdrawal that was answered just now.
    public func withdrew(address: String, topic: String, answer: String) {
        let withdrawal = Withdrawal(address: address, topic: topic, answer: answer, answeredAt: Date())
        state.withLock { $0.withdrawals.append(withdrawal) }
    }
}
