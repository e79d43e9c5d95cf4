import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A virtual host of its own on the real broker, for one test.
struct TestBroker: Sendable {
    let vhost: String
    /// `amqp://…/VHOST`
    let url: String
    private let management: URL

    private init(vhost: String, url: String, management: URL) {
        self.vhost = vhost
        self.url = url
        self.management = management
    }

    /// Makes the virtual host, runs the test, and removes it again.
    static func with<R: Sendable>(_ body: (TestBroker) async throws -> R) async throws -> R {
        let environment = ProcessInfo.processInfo.environment
        let amqp = try #require(environment["LOODS_TEST_AMQP_URL"], "LOODS_TEST_AMQP_URL names no broker")
        let management = try #require(
            environment["LOODS_TEST_AMQP_MANAGEMENT_URL"].flatMap(URL.init(string:)),
            "LOODS_TEST_AMQP_MANAGEMENT_URL names no management API")
        var url = try #require(URLComponents(string: amqp))
        let vhost = "test-\(UUID().uuidString.lowercased())"
        url.path = "/\(vhost)"
        let broker = TestBroker(vhost: vhost, url: url.string ?? "", management: management)
        try await broker.call("PUT", "vhosts/\(vhost)")
        do {
            let result = try await body(broker)
            try await broker.call("DELETE", "vhosts/\(vhost)")
            return result
        } catch {
            _ = try? await broker.call("DELETE", "vhosts/\(vhost)")
            throw error
        }
    }

    struct Connection: Decodable, Sendable {
        var name: String
        var userProvidedName: String?
        var timeout: Int?

        enum CodingKeys: String, CodingKey {
            case name
            case timeout
            case userProvidedName = "user_provided_name"
        }
    }

    /// The open connections of this virtual host, as far as the management API knows them yet.
    func connections() async throws -> [Connection] {
        try JSONDecoder().decode([Connection].self, from: await call("GET", "vhosts/\(vhost)/connections"))
    }

    /// Ends connections from the broker's side; answers how many there were.
    @discardableResult
    func closeConnections() async throws -> Int {
        let open = try await connections()
        for connection in open {
            _ = try? await call("DELETE", "connections/\(connection.name)")
        }
        return open.count
    }

    /// Calls the management API.
    @discardableResult
    func call(_ method: String, _ path: String, body: String? = nil) async throws -> Data {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._/"))
        let escaped = path.addingPercentEncoding(withAllowedCharacters: allowed) ?? path
        var components = try #require(URLComponents(url: management, resolvingAgainstBaseURL: false))
        let credentials = "\(components.user ?? "guest"):\(components.password ?? "guest")"
        components.user = nil
        components.password = nil
        components.percentEncodedPath = "/api/\(escaped)"
        var request = URLRequest(url: try #require(components.url))
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        request.setValue("Basic \(Data(credentials.utf8).base64EncodedString())", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard (200..<300).contains(status) else { throw ManagementFault(method: method, path: path, status: status) }
        return data
    }

    struct ManagementFault: Error {
        var method: String
        var path: String
        var status: Int
    }
}

/// Waits until the condition holds; fails the test when it does not within the bound.
func eventually(
    _ what: Comment, within bound: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + bound
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("not within \(bound): \(what)", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}
