import Messaging
import Model
import ServiceRuntime
import Store
import Transit

/// What an operator is told of the whole cluster: a table of the services, then sentences on what is not well.
struct ClusterStatus: Sendable {
    enum Store: Sendable {
        case there(StoreView)
        case away(String)
    }

    enum Queues: Sendable {
        case there([Topology.Depth])
        case away(String)

        var isThere: Bool { if case .there = self { true } else { false } }
    }

    /// Who was not heard of for so long is taken for dead: three beats.
    static let silence = Span.seconds(15)
    static let services = ["ingest", "scoring", "scheduler", "mailer"]

    let store: Store
    let queues: Queues
    let machineNow: Timestamp

    var view: StoreView? { if case .there(let view) = store { view } else { nil } }

    /// 69 where a server is away, 1 where somebody has to do something, else 0.
    var code: ServiceRuntime.ExitCode {
        if view == nil || !queues.isThere { return .dependencyAway }
        return findings.contains { $0.needsPerson } ? .failures : .done
    }

    func isAlive(_ worker: Workers.Entry) -> Bool { worker.seenAt > machineNow - Self.silence }

    func living(_ service: String) -> [Workers.Entry] {
        (view?.workers ?? []).filter { $0.service == service && isAlive($0) }
    }

    /// What waits in a queue's lanes, or in some of them; nil where the broker is away.
    func ready(_ queue: QueueName, _ lanes: [Lane] = Lane.allCases) -> Int? {
        guard case .there(let depths) = queues else { return nil }
        return depths.filter { $0.queue == queue && lanes.contains($0.lane) }.reduce(0) { $0 + $1.ready }
    }

    /// The age of the oldest body of a lane, by those who live; nil where nothing waits, or nobody is there to know.
    func oldest(_ queue: QueueName, _ lane: Lane) -> Double? {
        (view?.workers ?? []).filter(isAlive).compactMap { $0.oldest["\(queue) \(lane)"] }.max()
    }

    /// The service that takes from a queue.
    static func service(of queue: QueueName) -> String {
        switch queue {
        case .signals: "scheduler"
        case .messages, .withdrawals, .returns, .marks: "mailer"
        default: "scoring"
        }
    }

    func setAside(_ service: String) -> Int64 {
        (view?.figures.setAside ?? []).filter { Self.service(of: QueueName(rawValue: $0.queue)) == service }
            .reduce(0) { $0 + $1.count }
    }
}

/// `1,204`, and `100,000+` where counting has stopped.
func counted(_ count: Int64) -> String { count.grouped + (count < Backlog.limit ? "" : "+") }
