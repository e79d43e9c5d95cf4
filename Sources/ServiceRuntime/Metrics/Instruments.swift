import CoreMetrics
import Synchronization

/// A sum that only grows.
final class CounterInstrument: CounterHandler, FloatingPointCounterHandler, Sendable {
    private let whole = Atomic<Int64>(0)
    private let fractions = Mutex(0.0)

    func increment(by amount: Int64) { whole.wrappingAdd(amount, ordering: .relaxed) }
    func increment(by amount: Double) { fractions.withLock { $0 += amount } }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fractions.withLock { $0 = 0 }
    }

    var value: Double { Double(whole.load(ordering: .relaxed)) + fractions.withLock { $0 } }

    func lines(_ name: String, _ labels: String) -> String {
        let count = whole.load(ordering: .relaxed)
        let fraction = fractions.withLock { $0 }
        let value = fraction == 0 ? String(count) : PrometheusText.number(Double(count) + fraction)
        return "\(name)\(PrometheusText.braced(labels)) \(value)\n"
    }
}

/// A value that goes up and down.
final class GaugeInstrument: MeterHandler, RecorderHandler, Sendable {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func lines(_ name: String, _ labels: String) -> String {
        "\(name)\(PrometheusText.braced(labels)) \(PrometheusText.number(value.withLock { $0 }))\n"
    }
}

/// Counts of values at or below each bound, with their sum.
final class HistogramInstrument: RecorderHandler, TimerHandler, Sendable {
    struct Bounds: Sendable {
        var values: [Double]

        /// 0.5 ms to 1 minute.
        static let seconds = Bounds(values: [
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
        ])
        /// 1 to 10 million.
        static let counts = Bounds(values: [
            1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000, 10_000_000,
        ])
    }

    private struct State {
        var buckets: [Int64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: Bounds) {
        self.bounds = bounds.values
        state = Mutex(State(buckets: Array(repeating: 0, count: bounds.values.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.buckets[index] += 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func lines(_ name: String, _ labels: String) -> String {
        let state = state.withLock { $0 }
        var text = ""
        var count: Int64 = 0
        for (index, bucket) in state.buckets.enumerated() {
            count += bucket
            let bound = index < bounds.count ? PrometheusText.number(bounds[index]) : "+Inf"
            let all = labels.isEmpty ? "le=\"\(bound)\"" : "\(labels),le=\"\(bound)\""
            text += "\(name)_bucket{\(all)} \(count)\n"
        }
        text += "\(name)_sum\(PrometheusText.braced(labels)) \(PrometheusText.number(state.sum))\n"
        return text + "\(name)_count\(PrometheusText.braced(labels)) \(count)\n"
    }
}
