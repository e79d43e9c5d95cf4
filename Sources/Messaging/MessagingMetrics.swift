import Metrics
import Synchronization

/// `loods_publish_confirm_seconds{queue,lane}` and `loods_publishes_total{queue,lane,outcome}`.
final class PublisherMetrics: Sendable {
    private struct Key: Hashable {
        var queue: QueueName
        var lane: Lane
        var outcome: String
    }

    private let counters = Mutex<[Key: Counter]>([:])
    private let timers = Mutex<[Key: Metrics.Timer]>([:])

    func confirmed(_ queue: QueueName, _ lane: Lane, after duration: Duration) {
        count(queue, lane, "confirmed")
        let timer = timers.withLock { timers in
            let key = Key(queue: queue, lane: lane, outcome: "")
            if let timer = timers[key] { return timer }
            let timer = Metrics.Timer(label: "loods_publish_confirm_seconds", dimensions: dimensions(queue, lane))
            timers[key] = timer
            return timer
        }
        timer.record(duration: duration)
    }

    func failed(_ queue: QueueName, _ lane: Lane, _ code: MessagingError.Code) {
        count(queue, lane, code.rawValue)
    }

    private func count(_ queue: QueueName, _ lane: Lane, _ outcome: String) {
        let counter = counters.withLock { counters in
            let key = Key(queue: queue, lane: lane, outcome: outcome)
            if let counter = counters[key] { return counter }
            let counter = Counter(
                label: "loods_publishes_total", dimensions: dimensions(queue, lane) + [("outcome", outcome)])
            counters[key] = counter
            return counter
        }
        counter.increment()
    }
}

/// `loods_deliveries_total{queue,lane,outcome}`, `loods_batch_bodies{queue,lane}` and
/// `loods_batch_seconds{queue,lane}`.
struct ConsumerMetrics: Sendable {
    enum Outcome: String, CaseIterable {
        case ack
        case retry
        case setAside = "set_aside"
        case givenBack = "given_back"
    }

    private let deliveries: [Outcome: Counter]
    private let bodies: Recorder
    private let seconds: Metrics.Timer

    init(_ queue: QueueName, _ lane: Lane) {
        let dimensions = dimensions(queue, lane)
        deliveries = .init(
            uniqueKeysWithValues: Outcome.allCases.map {
                ($0, Counter(label: "loods_deliveries_total", dimensions: dimensions + [("outcome", $0.rawValue)]))
            })
        bodies = Recorder(label: "loods_batch_bodies", dimensions: dimensions)
        seconds = Metrics.Timer(label: "loods_batch_seconds", dimensions: dimensions)
    }

    func handled(_ settlements: [Settlement], after duration: Duration) {
        bodies.record(settlements.count)
        seconds.record(duration: duration)
        for settlement in settlements {
            switch settlement {
            case .ack: count(.ack)
            case .retry: count(.retry)
            case .setAside: count(.setAside)
            }
        }
    }

    func count(_ outcome: Outcome, by number: Int = 1) { deliveries[outcome]?.increment(by: number) }
}

private func dimensions(_ queue: QueueName, _ lane: Lane) -> [(String, String)] {
    [("queue", queue.rawValue), ("lane", lane.rawValue)]
}
