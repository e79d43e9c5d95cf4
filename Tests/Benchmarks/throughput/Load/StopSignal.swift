import Synchronization

/// Tells what goes on beside a measurement that it is over.
final class StopSignal: Sendable {
    private let flag = Atomic(false)

    var isGiven: Bool { flag.load(ordering: .relaxed) }

    func give() { flag.store(true, ordering: .relaxed) }
}
