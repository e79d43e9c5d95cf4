import CoreMetrics
import Metrics
import Testing

@testable import ServiceRuntime

@Suite struct MetricsTests {
    private let registry = MetricsRegistry()

    @Test func theTextIsPrometheuss() {
        Counter(label: "requests_total", dimensions: [("route", "/a\"b\\c\nd"), ("code", "200")], factory: registry)
            .increment(by: 3)
        FloatingPointCounter(label: "cpu_seconds_total", factory: registry).increment(by: 1.5)
        Meter(label: "held bytes", factory: registry).set(-2.5)
        #expect(
            registry.exposition == """
                # TYPE cpu_seconds_total counter
                cpu_seconds_total 1.5
                # TYPE held_bytes gauge
                held_bytes -2.5
                # TYPE requests_total counter
                requests_total{code="200",route="/a\\"b\\\\c\\nd"} 3

                """)
    }

    @Test func instrumentsOfOneNameAndLabelsAreOne() {
        Counter(label: "n_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "n_total", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        Counter(label: "n_total", dimensions: [("a", "2"), ("b", "1")], factory: registry).increment()
        #expect(
            registry.exposition == """
                # TYPE n_total counter
                n_total{a="1",b="2"} 2
                n_total{a="2",b="1"} 1

                """)
    }

    @Test func histogramsCountUpwards() {
        let timer = Metrics.Timer(label: "wait_seconds", factory: registry)
        timer.recordMilliseconds(1)
        timer.recordMilliseconds(40)
        timer.recordSeconds(90)
        let lines = registry.exposition.split(separator: "\n")
        #expect(lines.first == "# TYPE wait_seconds histogram")
        #expect(lines.contains("wait_seconds_bucket{le=\"0.0005\"} 0"))
        #expect(lines.contains("wait_seconds_bucket{le=\"0.001\"} 1"))
        #expect(lines.contains("wait_seconds_bucket{le=\"0.05\"} 2"))
        #expect(lines.contains("wait_seconds_bucket{le=\"60\"} 2"))
        #expect(lines.contains("wait_seconds_bucket{le=\"+Inf\"} 3"))
        #expect(lines.contains("wait_seconds_sum 90.041"))
        #expect(lines.contains("wait_seconds_count 3"))
    }

    @Test func aRecorderThatDoesNotAggregateIsAGauge() {
        Recorder(label: "depth", dimensions: [], aggregate: false, factory: registry).record(7)
        Recorder(label: "size", dimensions: [], aggregate: true, factory: registry).record(7)
        #expect(registry.exposition.contains("# TYPE depth gauge\ndepth 7\n"))
        #expect(registry.exposition.contains("size_bucket{le=\"10\"} 1\n"))
    }

    @Test func oneNameHasOneKind() {
        Counter(label: "x", factory: registry).increment()
        Meter(label: "x", factory: registry).set(4)
        #expect(registry.exposition == "# TYPE x counter\nx 1\n# TYPE x_gauge gauge\nx_gauge 4\n")
    }
}
