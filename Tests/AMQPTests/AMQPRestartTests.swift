import AMQP
import ConnectionThread
import Foundation
import TestSupport
import Testing

/// The broker goes away and comes back: what it has confirmed is there, and what it had handed out comes again.
@Suite("Restarts", .timeLimit(.minutes(10)))
struct AMQPRestartTests {
    private static let quorum: AMQPTable = ["x-queue-type": "quorum", "x-delivery-limit": 20]

    private func connect(
        _ broker: OwnBroker, onChange: @escaping @Sendable (AMQPConnection.Change) -> Void = { _ in }
    ) async throws -> AMQPConnection {
        try await AMQPConnection.connect(AMQPConfiguration(url: broker.url), onChange: onChange)
    }

    /// In order alone: RabbitMQ 3.10 may never lead a quorum queue again that was declared a moment before a SIGKILL. Kills
    /// are the subject of the laboratory's cluster of three.
    @Test(arguments: [OwnBroker.Stop.graceful])
    func nothingConfirmedIsLostAndWhatWasHandedOutComesAgain(stop: OwnBroker.Stop) async throws {
        try await OwnBroker.with { broker in
            let ended = Locked<AMQPError.Code?>(nil)
            let connection = try await connect(broker) { change in
                if case .ended(let error) = change { ended.withLock { $0 = error?.code } }
            }
            try await connection.declareQueue("q", arguments: Self.quorum)
            for number in 0..<20 as Range<UInt8> {
                try await connection.publish(AMQPMessage([number], routingKey: "q"))
            }
            let consuming = try await connect(broker)
            let (consumer, deliveries) = try await consuming.deliveries(queue: "q", prefetch: 8)
            let first = try await deliveries.first(8)
            // A prefix: the others are in our hands when the broker goes.
            await consumer.ack(first[2].tag, multiple: true)
            // Known to the broker: it answers after it has taken the ack.
            try await eventually("the ack has made room") { try await consuming.queueStatus("q").ready == 9 }
            async let unconfirmed = outcomes(of: 50, on: connection)
            try await broker.stop(stop)
            let codes = await unconfirmed
            #expect(codes.allSatisfy { [nil, .connectionLost, .closed].contains($0) })
            try await eventually("the connection says that it has ended") { ended.withLock { $0 } == .connectionLost }
            let late = await #expect(throws: AMQPError.self) {
                try await connection.publish(AMQPMessage([1], routingKey: "q"))
            }
            #expect(late?.code == .connectionLost && late?.isTransient == true)
            let away = await #expect(throws: AMQPError.self) { try await connect(broker) }
            #expect(away?.code == .unreachable)

            try await broker.start()
            try await compare(broker, confirmed: codes.count { $0 == nil })
        }
    }

    /// How publishes of 100, 101 … ended; nil is a confirm.
    private func outcomes(of count: UInt8, on connection: AMQPConnection) async -> [AMQPError.Code?] {
        await withTaskGroup { group in
            for number in 0..<count {
                group.addTask {
                    do throws(AMQPError) {
                        try await connection.publish(AMQPMessage([100 + number], routingKey: "q"))
                        return AMQPError.Code?.none
                    } catch {
                        return error.code
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func compare(_ broker: OwnBroker, confirmed: Int) async throws {
        var configuration = try AMQPConfiguration(url: broker.url)
        configuration.rpcTimeout = .seconds(10)
        var connection = try await AMQPConnection.connect(configuration)
        // A queue that has no leader yet may forget a body: then the connection ends, and it is published again.
        try await eventually("the broker confirms again") {
            do throws(AMQPError) {
                try await connection.publish(AMQPMessage([255], routingKey: "q"), timeout: .seconds(2))
                return true
            } catch {
                #expect(error.isTransient)
                if error.code == .connectionLost {
                    connection = try await AMQPConnection.connect(configuration)
                }
                return false
            }
        }
        let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 100)
        var taken: [AMQPDelivery] = []
        for try await delivery in deliveries {
            if delivery.body == [255] { break }
            taken.append(delivery)
        }
        // In their order, 0, 1 and 2 acknowledged, those that had been handed out marked.
        let old = taken.filter { $0.body[0] < 100 }
        #expect(old.map { $0.body[0] } == Array(3..<20))
        #expect(old.prefix(5).allSatisfy { $0.isRedelivered && $0.deliveryCount == 1 })
        let new = taken.filter { $0.body[0] >= 100 }
        #expect(new.count >= confirmed, "each body that was confirmed is there")
        await consumer.ack(taken.last?.tag ?? 0, multiple: true)
        await connection.close()
    }

    /// A client that stands still for longer than two heartbeats has lost its connection, and others get what it held.
    @Test func aFrozenClientIsGivenUpByTheBroker() async throws {
        try await OwnBroker.with { broker in
            var configuration = try AMQPConfiguration(url: broker.url)
            let other = try await AMQPConnection.connect(configuration)
            try await other.declareQueue("q", arguments: Self.quorum)
            for number in 0..<3 as Range<UInt8> { try await other.publish(AMQPMessage([number], routingKey: "q")) }
            configuration.heartbeat = .seconds(3)
            let end = Locked<AMQPError?>(nil)
            let thawed = DispatchSemaphore(value: 0)
            let frozen = try await AMQPConnection.connect(configuration)
            // Its thread stands still, as in a stopped process: it neither reads nor writes.
            async let consuming = frozen.consume(queue: "q", prefetch: 3) { event in
                switch event {
                case .delivery(let delivery): if delivery.body == [0] { thawed.wait() }
                case .ended(let error): end.withLock { $0 = error }
                }
            }
            try await eventually("it holds them") { try await other.queueStatus("q").ready == 0 }
            let (consumer, deliveries) = try await other.deliveries(queue: "q", prefetch: 3)
            let taken = try await deliveries.first(3)
            #expect(taken.map(\.body) == [[0], [1], [2]])
            #expect(taken.allSatisfy { $0.deliveryCount == 1 })
            await consumer.ack(taken[2].tag, multiple: true)
            thawed.signal()
            _ = try? await consuming
            try await eventually("it finds that its connection is gone") {
                end.withLock { $0?.code } == .connectionLost
            }
            await other.close()
        }
    }

    /// The broker hangs, is given up, and goes on: what it had confirmed is there.
    @Test func aBrokerThatGoesOnIsFoundAgain() async throws {
        try await OwnBroker.with { broker in
            var configuration = try AMQPConfiguration(url: broker.url)
            configuration.heartbeat = .seconds(3)
            let connection = try await AMQPConnection.connect(configuration)
            try await connection.declareQueue("q", arguments: Self.quorum)
            try await connection.publish(AMQPMessage([1], routingKey: "q"))
            broker.freeze()
            let error = await #expect(throws: AMQPError.self) {
                // It may have one more in hand before it stands still.
                while true {
                    try await connection.publish(AMQPMessage([2], routingKey: "q"), timeout: .seconds(600))
                }
            }
            #expect(error?.code == .connectionLost && error?.isTransient == true)
            broker.thaw()
            let again = try await AMQPConnection.connect(configuration)
            try await eventually("what was confirmed waits") { try await again.queueStatus("q").ready >= 1 }
            await again.close()
        }
    }
}

extension AsyncThrowingStream where Element == AMQPDelivery {
    /// The first of them, or fewer where it ends.
    func first(_ count: Int) async throws -> [AMQPDelivery] {
        var taken: [AMQPDelivery] = []
        var iterator = makeAsyncIterator()
        while taken.count < count, let delivery = try await iterator.next(isolation: #isolation) {
            taken.append(delivery)
        }
        return taken
    }
}
