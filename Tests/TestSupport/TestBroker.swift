public import Foundation
public import Messaging

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A virtual host of its own with all queues declared, for one test, on the broker that `LOODS_TEST_AMQP_URL` and
/// `LOODS_TEST_AMQP_MANAGEMENT_URL` name.
public struct TestBroker: Sendable {
    /// The virtual host's name.
    public let vhost: String
    /// `amqp://…/VHOST`, for whoever connects by itself.
    public let url: String
    /// The same, as services take it.
    public let configuration: BrokerConfiguration

    /// Nil where the broker is the test's own and has no management API.
    private let management: URL?

    /// Uses the virtual host that `url` names, on a broker of the caller's own, with all queues declared; it ends with its
    /// broker. What asks the management API cannot be had there.
    public static func at(_ url: String) async throws -> TestBroker {
        let broker = TestBroker(
            vhost: "/", url: url, configuration: try BrokerConfiguration(url: url, connectionName: "loods-tests"),
            management: nil)
        try await Topology.declare(broker.configuration)
        return broker
    }

    /// Makes the virtual host, runs `body`, and removes it again.
    ///
    /// - Parameter declared: whether with all queues.
    public static func with<R>(
        declared: Bool = true, isolation: isolated (any Actor)? = #isolation, _ body: (TestBroker) async throws -> R
    ) async throws -> R {
        let broker = try await make(declared: declared)
        do {
            let result = try await body(broker)
            try await broker.delete()
            return result
        } catch {
            try? await broker.delete()
            throw error
        }
    }

    /// Makes a virtual host, with all queues unless told otherwise; ``delete()`` it.
    public static func make(declared: Bool = true) async throws -> TestBroker {
        let amqp = try TestEnvironment.value("LOODS_TEST_AMQP_URL", "the URL of a RabbitMQ for tests")
        let api = try TestEnvironment.value(
            "LOODS_TEST_AMQP_MANAGEMENT_URL", "http://user:password@host:port of its management API")
        guard var url = URLComponents(string: amqp), let management = URL(string: api) else {
            throw TestSupportError("LOODS_TEST_AMQP_URL or LOODS_TEST_AMQP_MANAGEMENT_URL is no URL")
        }
        let vhost = TestEnvironment.uniqueName("loods-test-")
        url.path = "/\(vhost)"
        let broker = TestBroker(
            vhost: vhost, url: url.string ?? "",
            configuration: try BrokerConfiguration(url: url.string ?? "", connectionName: "loods-tests"),
            management: management)
        try await broker.call("PUT", "vhosts/\(vhost)")
        if declared { try await Topology.declare(broker.configuration) }
        return broker
    }

    /// Removes the virtual host with all in it.
    public func delete() async throws { try await call("DELETE", "vhosts/\(vhost)") }

    /// Publishes bodies and waits for the broker's confirms.
    public func publish(_ bodies: [[UInt8]], to queue: QueueName, lane: Lane = .live) async throws {
        let publisher = Publisher(configuration, logger: TestEnvironment.quiet)
        do {
            for body in bodies { try await publisher.publish(body, to: queue, lane: lane) }
        } catch {
            await publisher.close()
            throw error
        }
        await publisher.close()
    }

    /// Takes up to 1000 bodies that wait in a queue now, oldest first; they are gone from it.
    public func take(from queue: QueueName, lane: Lane = .live) async throws -> [[UInt8]] {
        struct Message: Decodable { var payload: String }
        let request = #"{"count":1000,"ackmode":"ack_requeue_false","encoding":"base64"}"#
        let answer = try await call("POST", "queues/\(vhost)/\(queue.name(in: lane))/get", body: request)
        return try JSONDecoder().decode([Message].self, from: answer).compactMap { message in
            Data(base64Encoded: message.payload).map { Array($0) }
        }
    }

    /// How many bodies wait in a queue now, those in a consumer's hands left out.
    public func ready(in queue: QueueName, lane: Lane = .live) async throws -> Int {
        try await Topology.depths(configuration).first { $0.queue == queue && $0.lane == lane }?.ready ?? 0
    }

    /// A connection as the management API tells of it.
    public struct Connection: Decodable, Sendable {
        public var name: String
        public var userProvidedName: String?
        /// The heartbeat that was agreed on, in seconds.
        public var timeout: Int?
        /// Bytes that the broker has received.
        public var received: Int?

        enum CodingKeys: String, CodingKey {
            case name
            case timeout
            case received = "recv_oct"
            case userProvidedName = "user_provided_name"
        }
    }

    /// The open connections of this virtual host, as far as the management API knows them yet.
    public func connections() async throws -> [Connection] {
        try JSONDecoder().decode([Connection].self, from: await call("GET", "vhosts/\(vhost)/connections"))
    }

    /// Ends all connections of this virtual host from the broker's side; answers how many it knew of.
    @discardableResult
    public func closeConnections() async throws -> Int {
        let open = try await connections()
        for connection in open { _ = try? await call("DELETE", "connections/\(connection.name)") }
        return open.count
    }

    /// Calls the management API; the path stands behind `/api/`.
    @discardableResult
    public func call(_ method: String, _ path: String, body: String? = nil) async throws -> Data {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._/"))
        guard let management, var components = URLComponents(url: management, resolvingAgainstBaseURL: false) else {
            throw TestSupportError("a broker of the test's own has no management API, or its URL is none")
        }
        let credentials = "\(components.user ?? "guest"):\(components.password ?? "guest")"
        (components.user, components.password) = (nil, nil)
        components.percentEncodedPath = "/api/\(path.addingPercentEncoding(withAllowedCharacters: allowed) ?? path)"
        guard let url = components.url else { throw TestSupportError("no such path: \(path)") }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        request.setValue("Basic \(Data(credentials.utf8).base64EncodedString())", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard (200..<300).contains(status) else {
            throw TestSupportError("the broker's management API answered \(method) \(path) with \(status)")
        }
        return data
    }
}
