import AMQP
import CShims
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

    /// Publishes a body each time that one is due, whatever has become of those before.
    ///
    /// - Returns: how long each took, from when it was due to its confirm.
    func delays(of bodies: [[UInt8]], every pace: Duration) async throws -> [Duration] {
        let connection = connection
        let (delays, taken) = AsyncThrowingStream.makeStream(of: Duration.self)
        try await onThread {
            let start = ContinuousClock.now
            for (index, body) in bodies.enumerated() {
                let due = start + pace * index
                _ = loods_poll(nil, 0, max(0, (due - .now).nanoseconds))
                Task {
                    do {
                        try await connection.publish(AMQPMessage(body, routingKey: Self.queue), timeout: .seconds(60))
                        taken.yield(.now - due)
                    } catch {
                        taken.finish(throwing: error)
                    }
                }
            }
        }
        var all: [Duration] = []
        for try await delay in delays {
            all.append(delay)
            if all.count == bodies.count { break }
        }
        return all
    }

    func close() async throws {
        try await connection.deleteQueue(Self.queue)
        await connection.close()
    }
}

extension EventStream {
    /// The stream as the edge would publish it where each event came when nothing else did.
    func singleBodies() -> [[UInt8]] {
        (0..<count).map { EventBatch(id: .random(), events: [accepted($0, in: WorkspaceID(rawValue: 1))]).encoded }
    }

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
