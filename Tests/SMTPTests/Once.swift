import NIOConcurrencyHelpers
import Synchronization

/// Counts how often it was asked.
final class Once: Sendable {
    private let firstAsked = Atomic(false)
    private let secondAsked = Atomic(false)

    /// True for the first who asks.
    func isFirst() -> Bool { !firstAsked.exchange(true, ordering: .acquiringAndReleasing) }

    /// True for the first who asks this.
    func isSecond() -> Bool { !secondAsked.exchange(true, ordering: .acquiringAndReleasing) }
}

/// A value that closures on other threads may set.
final class Box<Value: Sendable>: Sendable {
    private let stored: NIOLockedValueBox<Value>

    init(_ value: Value) { stored = NIOLockedValueBox(value) }

    var value: Value {
        get { stored.withLockedValue { $0 } }
        set { stored.withLockedValue { $0 = newValue } }
    }
}
