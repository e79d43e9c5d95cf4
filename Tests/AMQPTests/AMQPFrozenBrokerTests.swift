import Glibc
import TestSupport
import Testing

@testable import AMQP

/// A broker that has stopped, as a machine that is gone looks from here. The waits that are not the subject of a test
/// are longer than the time limit.
@Suite("A broker that stands still", .serialized, .timeLimit(.minutes(10)))
struct AMQPFrozenBrokerTests {
    private static let never = Duration.seconds(600)
    private static let large = [UInt8](repeating: 7, count: 40_000_000)

    /// A broker that freezes after it has confirmed a body over each of two connections.
    private func withFrozen(
        _ change: (inout AMQPConfiguration) -> Void = { _ in },
        _ body: (_ connection: AMQPConnection, _ other: AMQPConnection) async throws -> Void
    ) async throws {
        try await OwnBroker.with { broker in
            var configuration = try AMQPConfiguration(url: broker.url)
            configuration.rpcTimeout = Self.never
            configuration.writeTimeout = Self.never
            configuration.heartbeat = .zero
            change(&configuration)
            let connections = try await [
                AMQPConnection.connect(configuration), AMQPConnection.connect(configuration),
            ]
            for connection in connections {
                try await connection.declareQueue("q")
                try await connection.publish(AMQPMessage([1], routingKey: "q"))
            }
            broker.freeze()
            try await body(connections[0], connections[1])
        }
    }

    private func publish(_ body: [UInt8], on connection: AMQPConnection, _ timeout: Duration) async -> AMQPError.Code? {
        do throws(AMQPError) {
            try await connection.publish(AMQPMessage(body, routingKey: "q"), timeout: timeout)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func itIsLostByItsHeartbeats() async throws {
        try await withFrozen({ $0.heartbeat = .seconds(2) }) { connection, _ in
            #expect(await publish(Self.large, on: connection, Self.never) == .connectionLost)
        }
    }

    @Test func meanwhilePublishesHaveTheirTimeoutsAndClosingDoesNotWait() async throws {
        try await withFrozen { connection, other in
            async let large = publish(Self.large, on: connection, Self.never)
            try await eventually("the socket is full") { await connection.isStalled }
            #expect(await publish([1], on: connection, .milliseconds(300)) == .overloaded)
            await connection.close()
            #expect(await large == .closed)
            // Here the socket has room for a goodbye, but nobody answers it.
            #expect(await publish([1], on: other, .milliseconds(300)) == .unconfirmed)
            await other.close()
        }
    }

    /// Usually a full socket keeps the connection from writing. A small one is full within a frame.
    @Test func aWriteThatIsStuckEndsTheConnection() async throws {
        try await withFrozen({ $0.writeTimeout = .seconds(1) }) { connection, _ in
            try await connection.shrinkSendBuffer()
            #expect(await publish(Self.large, on: connection, Self.never) == .connectionLost)
        }
    }
}

extension AMQPConnection {
    fileprivate func shrinkSendBuffer() throws {
        var bytes: Int32 = 8_192
        let socket = try #require(socket)
        try #require(setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<Int32>.size)) == 0)
    }
}
