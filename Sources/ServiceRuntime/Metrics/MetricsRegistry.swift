public import CoreMetrics
import Synchronization

/// A backend of swift-metrics that keeps every instrument in memory and writes them in Prometheus's text format.
///
/// Instruments of one name and the same labels are one. Counters are named `…_total`; timers are histograms in seconds
/// and named `…_seconds`; recorders that aggregate are histograms, the others and meters are gauges.
public final class MetricsRegistry: MetricsFactory, Sendable {
    enum Kind: String {
        case counter, gauge, histogram
    }

    private struct Key: Hashable {
        var name: String
        var labels: String
    }

    /// An instrument as it is asked for, time and again.
    private struct Request: Hashable {
        var kind: Kind
        /// The label, and the names and values of the dimensions.
        var words: [String]
    }

    private struct State {
        var kinds: [String: Kind] = [:]
        var keys: [Request: Key] = [:]
        var counters: [Key: CounterInstrument] = [:]
        var gauges: [Key: GaugeInstrument] = [:]
        var histograms: [Key: HistogramInstrument] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return gauge(label, dimensions) }
        return histogram(label, dimensions, isTime: label.hasSuffix("_seconds"))
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, isTime: true)
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// The sum of all counters of these names.
    func sum(of names: Set<String>) -> Double {
        state.withLock { $0.counters.filter { names.contains($0.key.name) }.map(\.value) }.reduce(0) { $0 + $1.value }
    }

    /// Every instrument, in Prometheus's text exposition format 0.0.4, sorted by name and labels.
    public var exposition: String {
        let state = state.withLock { $0 }
        var families: [String: [(labels: String, lines: String)]] = [:]
        for (key, counter) in state.counters {
            families[key.name, default: []].append((key.labels, counter.lines(key.name, key.labels)))
        }
        for (key, gauge) in state.gauges {
            families[key.name, default: []].append((key.labels, gauge.lines(key.name, key.labels)))
        }
        for (key, histogram) in state.histograms {
            families[key.name, default: []].append((key.labels, histogram.lines(key.name, key.labels)))
        }
        return families.keys.sorted().map { name in
            let lines = families[name]!.sorted { $0.labels < $1.labels }.map(\.lines).joined()
            let help = MetricCatalogue.help[name].map { "# HELP \(name) \($0)\n" } ?? ""
            return "\(help)# TYPE \(name) \(state.kinds[name]!.rawValue)\n\(lines)"
        }.joined()
    }

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterInstrument {
        state.withLock { state in
            let key = Self.key(label, dimensions, .counter, &state)
            return state.counters[key, makingWith: CounterInstrument.init]
        }
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeInstrument {
        state.withLock { state in
            let key = Self.key(label, dimensions, .gauge, &state)
            return state.gauges[key, makingWith: GaugeInstrument.init]
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], isTime: Bool) -> HistogramInstrument {
        state.withLock { state in
            let key = Self.key(label, dimensions, .histogram, &state)
            return state.histograms[key, makingWith: { HistogramInstrument(bounds: isTime ? .seconds : .counts) }]
        }
    }

    /// A name taken by another kind gets its kind as a suffix, so that the page stays readable to a scraper.
    private static func key(
        _ label: String, _ dimensions: [(String, String)], _ kind: Kind, _ state: inout State
    ) -> Key {
        let request = Request(kind: kind, words: [label] + dimensions.flatMap { [$0.0, $0.1] })
        if let key = state.keys[request] { return key }
        var name = PrometheusText.name(label)
        if let taken = state.kinds[name], taken != kind { name += "_\(kind.rawValue)" }
        state.kinds[name] = kind
        let key = Key(name: name, labels: PrometheusText.labels(dimensions))
        state.keys[request] = key
        return key
    }
}

extension Dictionary {
    fileprivate subscript(key: Key, makingWith make: () -> Value) -> Value {
        mutating get {
            if let value = self[key] { return value }
            let value = make()
            self[key] = value
            return value
        }
    }
}
