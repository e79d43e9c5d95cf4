import Messaging
import Metrics
import ServiceLifecycle

/// Shows how long the queues are that a service takes from, how old their oldest bodies, and whether RabbitMQ is there.
///
/// RabbitMQ 3.10 does not tell a queue's age. The oldest body of a lane is in some consumer's hands while anybody takes from
/// it, and its publisher has put the time into its header. Where nothing is in this process's hands though something waits
/// (bulk behind a busy live lane, a service that waits for the store), the age is that of the first look that found it so: at
/// least so old it is.
actor QueueWatch {
    private let intake: BrokerConnection
    private let publishers: [Publisher]
    private let watched: Watched
    private var waitingSince: [Place: ContinuousClock.Instant] = [:]
    /// By `queue lane`, for the heartbeat.
    private(set) var oldest: [String: Double] = [:]
    private let dependency = DependencyGauge("rabbitmq")

    private struct Place: Hashable {
        var queue: QueueName
        var lane: Lane
        var dimensions: [(String, String)] { [("queue", queue.rawValue), ("lane", lane.rawValue)] }
        var name: String { "\(queue) \(lane)" }
    }

    init(intake: BrokerConnection, publishers: [Publisher], watched: Watched) {
        self.intake = intake
        self.publishers = publishers
        self.watched = watched
    }

    func look() async {
        let isAway =
            publishers.contains { $0.availability == .away }
            || !watched.queues.isEmpty && intake.availability == .away
        dependency.show(isUp: !isAway && !publishers.contains { $0.availability == .blocked })
        let held = Dictionary(
            intake.held.oldest.map { (Place(queue: $0.queue, lane: $0.lane), $0.age) }, uniquingKeysWith: { $1 })
        var oldest: [String: Double] = [:]
        for place in watched.queues.flatMap({ queue in queue.lanes.map { Place(queue: queue, lane: $0) } }) {
            let depth = await intake.depth(of: place.queue, lane: place.lane)
            show(depth, at: place)
            guard let depth else {
                waitingSince[place] = nil
                gauge("loods_queue_oldest_seconds", place).record(Double.nan)
                continue
            }
            let age = age(at: place, held: held[place], ready: depth.ready)
            gauge("loods_queue_oldest_seconds", place).record(age)
            if depth.ready > 0 || held[place] != nil { oldest[place.name] = (age * 1000).rounded() / 1000 }
        }
        self.oldest = oldest
    }

    private func show(_ depth: Topology.Depth?, at place: Place) {
        gauge("loods_queue_ready_bodies", place).record(depth.map { Double($0.ready) } ?? .nan)
        gauge("loods_queue_consumers", place).record(depth.map { Double($0.consumers) } ?? .nan)
    }

    /// - Parameter held: nil where nothing is held; holds nil where that is of unknown age.
    private func age(at place: Place, held: Duration??, ready: Int) -> Double {
        if case .some(.some(let age)) = held {
            waitingSince[place] = nil
            return age / .seconds(1)
        }
        guard held != nil || ready > 0 else {
            waitingSince[place] = nil
            return 0
        }
        let since = waitingSince[place] ?? .now
        waitingSince[place] = since
        return (.now - since) / .seconds(1)
    }

    private func gauge(_ name: String, _ place: Place) -> Gauge { Gauge(label: name, dimensions: place.dimensions) }
}
