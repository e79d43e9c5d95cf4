import AMQP
import Contracts
import Model

/// The least a broker has to do for durable events: take bodies into a quorum queue and confirm them.
struct BrokerFloor: Sendable {
    private static let queue = "loods.bench.floor"
    /// Bodies under way at once.
    private static let window = 1000

    private let connection: AMQPConnection

    init(url: String) async throws {
        var configuration = try AMQPConfiguration(url: url)
        configuration.connectionName = "throughput-floor"
        configuration.windowMessages = Self.window
        configuration.windowBytes = 128 << 20
        configuration.waitingBytes = 1 << 30
        configuration.rpcTimeout = .seconds(30)
        connection = try await AMQPConnection.connect(configuration)
        try await connection.deleteQueue(Self.queue)
        try await connection.declareQueue(Self.queue, arguments: ["x-queue-type": "quorum"])
    }

    /// Publishes all bodies; returns once the last is confirmed.
    func publish(_ bodies: [[UInt8]]) async throws {
        let connection = connection
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<min(Self.window, bodies.count) {
                group.addTask {
                    for index in stride(from: lane, to: bodies.count, by: Self.window) {
                        try await connection.publish(
                            AMQPMessage(bodies[index], routingKey: Self.queue), timeout: .seconds(60))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    func close() async throws {
        try await connection.deleteQueue(Self.queue)
        await connection.close()
    }
}

extension EventStream {
    /// The stream as the edge would publish it: bodies that each fill a frame of the broker (131,064 bytes).
    func bodies() -> [[UInt8]] {
        let workspace = WorkspaceID(rawValue: 1)
        let size = EventBatch(id: .random(), events: [accepted(0, in: workspace)]).encoded.count
        let each = max(1, 131_064 / size)
        return stride(from: 0, to: count, by: each).map { start in
            let events = (start..<min(start + each, count)).map { accepted($0, in: workspace) }
            return EventBatch(id: .random(), events: events).encoded
        }
    }
}
