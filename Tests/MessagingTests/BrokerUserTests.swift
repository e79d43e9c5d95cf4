import AMQP
import Foundation
import Messaging
import TestSupport
import Testing

/// What each user may do on the real broker: decided here, asked of the broker for every queue.
@Suite struct BrokerUserTests {
    /// p publishes to the queue, c consumes it; – neither.
    private static let table = """
        #            ingest  scoring  scheduler  mailer  operator  tool
        events       p       pc       p          p       pc        p
        signals      –       p        pc         p       pc        p
        messages     –       p        p          pc      pc        p
        withdrawals  p       p        p          pc      pc        p
        returns      p       p        p          pc      pc        p
        marks        –       –        –          pc      pc        –
        erasures     –       p        p          p       pc        p
        dead         –       c        –          –       c         –
        """

    private static func decided(_ user: BrokerUser) -> [String: String] {
        let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let column = lines[0].firstIndex(of: user.shortName) ?? 0
        return Dictionary(uniqueKeysWithValues: lines.dropFirst().map { ($0[0], $0[column]) })
    }

    /// Lends a user of this name's rights on the virtual host of its own.
    private static func with(
        _ user: BrokerUser, on broker: TestBroker, _ body: (AMQPConfiguration) async throws -> Void
    ) async throws {
        let name = "loods-test-\(UUID().uuidString.lowercased())"
        try await broker.call("PUT", "users/\(name)", body: #"{"password": "secret", "tags": ""}"#)
        let rights = ["configure": user.configure, "write": user.write, "read": user.read]
        let permissions = String(decoding: try JSONEncoder().encode(rights), as: UTF8.self)
        try await broker.call("PUT", "permissions/\(broker.vhost)/\(name)", body: permissions)
        var configuration = try AMQPConfiguration(url: broker.url)
        (configuration.user, configuration.password) = (name, "secret")
        let result: Result<Void, any Error>
        do { result = .success(try await body(configuration)) } catch { result = .failure(error) }
        try await broker.call("DELETE", "users/\(name)")
        try result.get()
    }

    /// Whether the broker lets it be done; anything but a refusal for want of rights is an error.
    private static func may(
        _ configuration: AMQPConfiguration, _ body: (AMQPConnection) async throws(AMQPError) -> Void
    ) async throws -> Bool {
        let connection = try await AMQPConnection.connect(configuration)
        let result: Result<Void, AMQPError>
        do throws(AMQPError) { result = .success(try await body(connection)) } catch { result = .failure(error) }
        await connection.close()
        if case .failure(let error) = result, error.code == .accessRefused { return false }
        try result.get()
        return true
    }

    @Test(arguments: BrokerUser.allCases)
    func aUserMayDoItsWorkAndNothingElse(_ user: BrokerUser) async throws {
        try await TestBroker.with(declared: false) { broker in
            try await Topology.declare(BrokerConfiguration(broker))
            try await Self.with(user, on: broker) { configuration in
                let decided = Self.decided(user)
                for queue in QueueName.all {
                    let letters = decided[queue.rawValue] ?? ""
                    for lane in queue.lanes {
                        let name = queue.name(in: lane)
                        if let exchange = queue.exchange {
                            let publishes = try await Self.may(configuration) { connection throws(AMQPError) in
                                try await connection.publish(AMQPMessage([1], routingKey: name, exchange: exchange))
                            }
                            #expect(publishes == letters.contains("p"), "\(user) to \(name)")
                        }
                        let consumes = try await Self.may(configuration) { connection throws(AMQPError) in
                            _ = try await connection.consume(queue: name, prefetch: 1) { _ in }
                        }
                        #expect(consumes == letters.contains("c"), "\(user) from \(name)")
                    }
                }
                // Not by the default exchange, either, which leads everywhere; nor into being.
                let byDefault = try await Self.may(configuration) { connection throws(AMQPError) in
                    try await connection.publish(AMQPMessage([1], routingKey: "loods.signals.live"))
                }
                let declares = try await Self.may(configuration) { connection throws(AMQPError) in
                    try await connection.declareQueue("loods.new", arguments: ["x-queue-type": "quorum"])
                }
                let deletes = try await Self.may(configuration) { connection throws(AMQPError) in
                    try await connection.deleteQueue("loods.messages.bulk")
                }
                #expect([byDefault, declares, deletes] == Array(repeating: user == .operator, count: 3), "\(user)")
            }
        }
    }

    /// A service's connection finds the queues without a right to declare any, and says so where they are missing.
    @Test func aServiceNeedsNoRightToDeclare() async throws {
        try await TestBroker.with(declared: false) { broker in
            try await Self.with(.ingest, on: broker) { configuration in
                var url = try #require(URLComponents(string: broker.url))
                (url.user, url.password) = (configuration.user, configuration.password)
                let settings = try BrokerConfiguration(url: url.string ?? "", connectionName: "test")
                let publisher = Publisher(settings, logger: quiet, timeout: .seconds(10))
                let missing = await #expect(throws: MessagingError.self) {
                    try await publisher.publish([1], to: .events, lane: .live)
                }
                #expect(missing?.message.contains("loods migrate") == true, "\(missing as Any)")
                try await Topology.declare(BrokerConfiguration(broker))
                try await publisher.publish([1], to: .events, lane: .live, timeout: .seconds(20))
                let refused = await #expect(throws: MessagingError.self) {
                    try await publisher.publish([1], to: .signals, lane: .live)
                }
                #expect(refused?.isTransient == true)
                // A refusal ends the channel and not the publisher.
                try await publisher.publish([1], to: .withdrawals, lane: .live, timeout: .seconds(20))
                await publisher.close()
            }
        }
    }
}
