import Metrics
import Model
import Synchronization

/// Whether a server that the process needs is there, and since when it is or is not.
final class DependencyGauge: Sendable {
    private let up: Gauge
    private let since: Gauge
    private let last = Mutex<Bool?>(nil)

    init(_ name: String) {
        up = Gauge(label: "loods_dependency_up", dimensions: [("dependency", name)])
        since = Gauge(label: "loods_dependency_since_timestamp_seconds", dimensions: [("dependency", name)])
    }

    func show(isUp: Bool) {
        let hasChanged = last.withLock { last in
            defer { last = isUp }
            return last != isUp
        }
        up.record(isUp ? 1 : 0)
        if hasChanged { since.record(Double(MachineClock.host.now.microseconds) / 1_000_000) }
    }
}
