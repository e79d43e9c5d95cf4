import Metrics

/// What the gathering of events shows of itself.
struct GroupMetrics: Sendable {
    let events = Recorder(label: "loods_ingest_group_events")
    let held = Gauge(label: "loods_ingest_held_bytes")
    let dropped = Counter(label: "loods_ingest_dropped_total")
}
