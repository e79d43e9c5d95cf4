import AMQP
import ConnectionThread
import TestSupport
import Testing

@Suite("Connection")
struct AMQPConnectionTests {
    private func configuration(_ broker: TestBroker) throws -> AMQPConfiguration {
        try AMQPConfiguration(url: broker.url)
    }

    @Test func refusesWrongCredentialsAndUnknownVirtualHosts() async throws {
        try await TestBroker.with(declared: false) { broker in
            var wrong = try configuration(broker)
            wrong.password = "wrong"
            let refused = await #expect(throws: AMQPError.self) { try await AMQPConnection.connect(wrong) }
            #expect(refused?.code == .accessRefused)
            wrong = try configuration(broker)
            wrong.virtualHost = "nowhere"
            let unknown = await #expect(throws: AMQPError.self) { try await AMQPConnection.connect(wrong) }
            #expect(unknown?.code == .accessRefused)
        }
    }

    @Test(.timeLimit(.minutes(10))) func aBrokerThatDoesNotAnswerIsUnreachableWithinTheTimeout() async throws {
        let silent = try SilentListener()
        var configuration = try AMQPConfiguration(url: "amqp://127.0.0.1:\(silent.port)/")
        configuration.connectTimeout = .milliseconds(300)
        let error = await #expect(throws: AMQPError.self) { try await AMQPConnection.connect(configuration) }
        #expect(error?.code == .unreachable)
        silent.close()
        let refused = await #expect(throws: AMQPError.self) { try await AMQPConnection.connect(configuration) }
        #expect(refused?.code == .unreachable)
    }

    @Test func heartbeatsKeepAnIdleConnectionAlive() async throws {
        try await TestBroker.with(declared: false) { broker in
            var configuration = try configuration(broker)
            configuration.heartbeat = .seconds(4)
            let ended = Locked(false)
            let connection = try await AMQPConnection.connect(configuration) {
                if case .ended = $0 { ended.withLock { $0 = true } }
            }
            // The broker drops a silent client after two intervals; one frame of eight bytes goes in each.
            let login = try await eventually("the broker counts what it receives") { try await received(broker) }
            try await eventually("three heartbeats have come") { try await received(broker) ?? 0 >= login + 3 * 8 }
            #expect(!ended.withLock { $0 })
            #expect(try await connection.declareQueue("still-there") == .init(ready: 0, consumers: 0))
            try await eventually("the broker agreed to an interval of 4 s") {
                try await broker.connections().map(\.timeout) == [4]
            }
            await connection.close()
        }
    }

    /// What has come from the only connection, as far as the broker has counted.
    private func received(_ broker: TestBroker) async throws -> Int? {
        try await broker.connections().first?.received.flatMap { $0 > 0 ? $0 : nil }
    }

    @Test func tellsWhenTheBrokerClosesIt() async throws {
        try await TestBroker.with(declared: false) { broker in
            var configuration = try configuration(broker)
            configuration.connectionName = "to-be-closed"
            let (changes, continuation) = AsyncStream.makeStream(of: AMQPConnection.Change.self)
            let connection = try await AMQPConnection.connect(configuration) { continuation.yield($0) }
            try await eventually("the broker lists the connection by its name") {
                try await broker.connections().map(\.userProvidedName) == ["to-be-closed"]
            }
            try await broker.closeConnections()
            for await change in changes {
                guard case .ended(let error) = change else { continue }
                #expect(error?.code == .connectionLost)
                break
            }
            let error = await #expect(throws: AMQPError.self) { try await connection.declareQueue("q") }
            #expect(error?.code == .connectionLost)
            await connection.close()
        }
    }

    @Test func aClosedConnectionSaysSo() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await AMQPConnection.connect(configuration(broker))
            await connection.close()
            await connection.close()
            let error = await #expect(throws: AMQPError.self) {
                try await connection.publish(AMQPMessage([1], routingKey: "q"))
            }
            #expect(error?.code == .closed)
        }
    }

    @Test func aFailedDeclarationLeavesTheConnectionUsable() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await AMQPConnection.connect(configuration(broker))
            let missing = await #expect(throws: AMQPError.self) { try await connection.queueStatus("missing") }
            #expect(missing?.code == .notFound)
            try await connection.declareQueue("q", arguments: ["x-queue-type": "quorum"])
            let differs = await #expect(throws: AMQPError.self) {
                try await connection.declareQueue("q", arguments: ["x-queue-type": "classic"])
            }
            #expect(differs?.code == .preconditionFailed)
            try await connection.publish(AMQPMessage([1], routingKey: "q"))
            try await connection.publish(AMQPMessage([2], routingKey: "q"))
            try await eventually("both wait") { try await connection.queueStatus("q").ready == 2 }
            #expect(try await connection.purgeQueue("q") == 2)
            try await connection.deleteQueue("q")
            let gone = await #expect(throws: AMQPError.self) { try await connection.queueStatus("q") }
            #expect(gone?.code == .notFound)
            await connection.close()
        }
    }

    /// Does it with ever longer times for each node while none is reached: the real one has to answer within each of them.
    private func patiently<R>(
        _ configuration: AMQPConfiguration, _ body: (AMQPConfiguration) async throws -> R
    ) async throws -> R {
        var configuration = configuration
        for timeout in [Duration.seconds(2), .seconds(10)] {
            configuration.connectTimeout = timeout
            do { return try await body(configuration) } catch let error as AMQPError where error.code == .unreachable {}
        }
        configuration.connectTimeout = .seconds(30)
        return try await body(configuration)
    }

    /// A broker of several nodes, some of which refuse, are silent, or have no name.
    @Test(.timeLimit(.minutes(10))) func theNodeThatAnswersIsFound() async throws {
        try await TestBroker.with(declared: false) { broker in
            var configuration = try configuration(broker)
            let real = configuration.nodes
            let silent = try SilentListener()
            let dead = AMQPNode(host: "127.0.0.1", port: Int(FreePort.take()))
            configuration.nodes =
                [dead, AMQPNode(host: "127.0.0.1", port: Int(silent.port)), AMQPNode(host: "no.invalid", port: 1)]
                + real
            for _ in 0..<8 {
                let connection = try await patiently(configuration) { configuration in
                    try await AMQPConnection.connect(configuration)
                }
                try await connection.declareQueue("q")
                await connection.close()
            }
            // What is wrong with us says more than that others are away.
            configuration.password = "wrong"
            let refused = await #expect(throws: AMQPError.self) {
                try await patiently(configuration) { try await AMQPConnection.connect($0) }
            }
            #expect(refused?.code == .accessRefused)
            configuration.connectTimeout = .seconds(2)
            configuration.nodes.removeAll(where: real.contains)
            let away = await #expect(throws: AMQPError.self) { try await AMQPConnection.connect(configuration) }
            #expect(away?.code == .unreachable && away?.isTransient == true)
            silent.close()
        }
    }
}
