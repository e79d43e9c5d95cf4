import AMQP
import ConnectionThread
import TestSupport
import Testing

/// Requests may wait for the broker longer than the time limit: whatever asks a broker that reads nothing fails the test.
@Suite("Under an alarm", .serialized, .timeLimit(.minutes(10)))
struct AMQPAlarmTests {
    private static let never = Duration.seconds(600)

    /// Most bodies are one frame, some are many.
    private static func size(_ id: String) -> Int { id.hasSuffix("0") ? 2_000_000 : 128_000 }

    private func connect(_ broker: OwnBroker, _ blocked: Locked<Bool> = Locked(false)) async throws -> AMQPConnection {
        var configuration = try AMQPConfiguration(url: broker.url)
        configuration.rpcTimeout = Self.never
        // The alarm lasts many of them: a blocked connection stays.
        configuration.heartbeat = .seconds(2)
        return try await AMQPConnection.connect(configuration) { change in
            switch change {
            case .blocked: blocked.withLock { $0 = true }
            case .unblocked: blocked.withLock { $0 = false }
            case .ended: break
            }
        }
    }

    /// Publishes a body of its own name; answers how that ended.
    private func publish(
        _ id: String, on connection: AMQPConnection, _ outcomes: Outcomes, timeout: Duration = .seconds(6)
    ) async {
        var code: AMQPError.Code?
        do throws(AMQPError) {
            let body = [UInt8](repeating: 7, count: Self.size(id))
            try await connection.publish(AMQPMessage(body, routingKey: "q", messageID: id), timeout: timeout)
        } catch {
            code = error.code
        }
        outcomes.withLock { $0[id] = .some(code) }
    }

    /// How each publish ended, by message id; `nil` is a confirm.
    private typealias Outcomes = Locked<[String: AMQPError.Code?]>

    @Test func itStrikesInFullFlightAndNothingConfirmedIsLost() async throws {
        try await OwnBroker.with { broker in
            let blocked = Locked(false)
            let outcomes = Outcomes([:])
            let connection = try await connect(broker, blocked)
            try await connection.declareQueue("q", arguments: ["x-queue-type": "quorum"])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<20 {
                    group.addTask {
                        var number = 0
                        while !Task.isCancelled, !blocked.withLock({ $0 }) {
                            await publish("\(worker)-\(number)", on: connection, outcomes)
                            number += 1
                        }
                    }
                }
                group.addTask {
                    try await eventually("many are confirmed") { outcomes.withLock { $0.count > 100 } }
                    try await broker.setAlarm(true)
                    try await eventually("the connection has heard of it") { blocked.withLock { $0 } }
                }
                // Each returns within its own time-out.
                try await group.waitForAll()
            }
            let request = await #expect(throws: AMQPError.self) { try await connection.queueStatus("q") }
            #expect(request?.code == .blocked)
            await publish("under the alarm", on: connection, outcomes)
            #expect(outcomes.withLock { $0["under the alarm"] } == .some(.blocked))

            try await broker.setAlarm(false)
            try await eventually("the connection has heard of the end") { !blocked.withLock { $0 } }
            await publish("afterwards", on: connection, outcomes, timeout: .seconds(120))
            #expect(outcomes.withLock { $0["afterwards"] } == .some(nil))
            await connection.close()
            try await compare(outcomes.withLock { $0 }, with: broker)
        }
    }

    @Test func afterARestItCostsOneBodyOfUnknownOutcome() async throws {
        try await OwnBroker.with { broker in
            let blocked = Locked(false)
            let outcomes = Outcomes([:])
            let connection = try await connect(broker, blocked)
            try await connection.declareQueue("q", arguments: ["x-queue-type": "quorum"])
            await publish("before", on: connection, outcomes, timeout: .seconds(120))
            try await broker.setAlarm(true)
            // Until then it takes bodies, and an answer to the first opens the window for the others.
            try await eventually("the connection's process at the broker has heard of it") {
                try await broker.control("list_connections", "state").contains("blocking")
            }
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask { await publish("\(number)", on: connection, outcomes) }
                }
            }
            #expect(blocked.withLock { $0 })
            let codes = outcomes.withLock { $0.values.compactMap(\.self) }
            #expect(codes.count { $0 == .unconfirmed } == 1)
            #expect(codes.count { $0 == .blocked } == 199)
            // Without a goodbye, which the broker would not read.
            await connection.close()

            try await broker.setAlarm(false)
            try await compare(outcomes.withLock { $0 }, with: broker)
        }
    }

    /// Takes everything from the queue: what was confirmed is there once, what was never sent is not.
    private func compare(_ outcomes: [String: AMQPError.Code?], with broker: OwnBroker) async throws {
        let connection = try await connect(broker)
        var counts: [String: Int] = [:]
        let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 50)
        // The last in the queue.
        try await connection.publish(AMQPMessage([1], routingKey: "q", messageID: "end"), timeout: .seconds(120))
        for try await delivery in deliveries {
            await consumer.ack(delivery.tag)
            guard let id = delivery.messageID, id != "end" else { break }
            #expect(delivery.body.count == Self.size(id))
            counts[id, default: 0] += 1
        }
        await connection.close()
        for (id, code) in outcomes {
            let count = counts.removeValue(forKey: id) ?? 0
            switch code {
            case nil: #expect(count == 1, "\(id) was confirmed")
            case .unconfirmed: #expect(count <= 1, "\(id) is unknown")
            default: #expect(count == 0, "\(id) was never sent")
            }
        }
        #expect(counts.isEmpty)
    }
}
