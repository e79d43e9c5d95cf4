public import Logging
public import Messaging
import Postgres
public import ServiceLifecycle
import Store

/// Moves what the broker gave up on into the set-aside table, where `loods set-aside` finds it.
public struct DeadLetters: Service {
    private let consumer: Consumer

    public init(intake: BrokerConnection, sink: SetAsideSink, logger: Logger) {
        consumer = Consumer(
            on: intake, queue: .dead, maximumBatch: (bodies: 1, bytes: 1), prefetch: 1,
            setAside: { try await sink.keep($0.returnedToItsQueue, reason: $1) }, logger: logger
        ) { deliveries in
            deliveries.map { .setAside(reason: $0.obituary) }
        }
    }

    public func run() async throws { try await consumer.run() }
}

extension Delivery {
    fileprivate var obituary: String {
        guard let death else { return "the broker put it aside without a reason" }
        return death.reason == "delivery_limit"
            ? "workers took it \(death.deliveries) times and never settled it: it may kill whoever takes it"
            : "the broker put it aside: \(death.reason)"
    }

    /// The delivery under the queue and lane that it died in, so that a replay goes there.
    fileprivate var returnedToItsQueue: Delivery {
        guard let death else { return self }
        for queue in QueueName.all {
            for lane in queue.lanes where queue.name(in: lane) == death.queue {
                // The last one, too, was an attempt that failed; `keep` counts it.
                return Delivery(
                    queue: queue, lane: lane, body: body, attempts: death.deliveries - 1, messageID: messageID)
            }
        }
        return self
    }
}
