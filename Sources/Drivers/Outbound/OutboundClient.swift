import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends requests to addresses that others have written down, and to no place where they do not belong.
///
/// Each time a host is resolved once, all its addresses are looked at, and the connection goes to one of these, so that a
/// name that changes in between leads nowhere else. Only `https` on port 443 and addresses of the internet at large are
/// reached, but for the hosts that the deployment allows. Redirects are not followed.
public actor OutboundClient {
    public struct Answer: Sendable {
        public var status: Int
        /// How long it asks to wait before the next try, in seconds.
        public var retryAfter: Int64?
        /// Nil where it is longer than ``bodyLimit``.
        public var body: [UInt8]? = nil
    }

    /// Where a request goes.
    public struct Target: Sendable, Hashable {
        public var url: String
        public var host: String
        public var port: Int
        public var isSecure: Bool

        public init(url: String, host: String, port: Int, isSecure: Bool) {
            self.url = url
            self.host = host
            self.port = port
            self.isSecure = isSecure
        }
    }

    /// The most bytes of an answer that are read.
    public static let bodyLimit = 64 * 1024
    /// How long a request may take, from the beginning of the connection to the last byte of the answer.
    public static let patience = Duration.seconds(5)
    private static let clientLimit = 64

    private struct Place: Hashable {
        var host: String
        var address: String
    }

    /// `host:port` that may be private and without TLS.
    private let allowed: Set<String>
    private var clients: [Place: HTTPClient] = [:]
    private var recent: [Place] = []

    /// - Parameter allowed: `host:port` of the servers that may be private, on any port, and without TLS.
    public init(allowing allowed: Set<String> = []) { self.allowed = allowed }

    /// Sends a POST, and returns what is answered.
    ///
    /// - Throws: `OutboundError`.
    public func post(
        to target: Target, headers: [(name: String, value: String)], body: [UInt8]
    ) async throws(OutboundError) -> Answer {
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(body)
        return try await send(request, to: target)
    }

    /// Sends a GET, and returns what is answered.
    ///
    /// - Throws: `OutboundError`.
    public func get(
        _ target: Target, headers: [(name: String, value: String)] = []
    ) async throws(OutboundError) -> Answer {
        var request = HTTPClientRequest(url: target.url)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        return try await send(request, to: target)
    }

    private func send(_ request: HTTPClientRequest, to target: Target) async throws(OutboundError) -> Answer {
        let client = try await client(for: target)
        do {
            return try await Self.inTime { [request] in try await Self.answer(to: request, from: client) }
        } catch {
            throw OutboundError(.failed, "\(error)")
        }
    }

    private static func answer(to request: HTTPClientRequest, from client: HTTPClient) async throws -> Answer {
        let response = try await client.execute(request, timeout: .seconds(patience.components.seconds))
        var answer = Answer(
            status: Int(response.status.code),
            retryAfter: response.headers.first(name: "retry-after").flatMap { Int64($0) })
        do {
            answer.body = Array(buffer: try await response.body.collect(upTo: bodyLimit))
        } catch is NIOTooManyBytesError {}
        return answer
    }

    /// Head and body together: the library's own time-out ends with the head.
    private static func inTime<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
        try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: patience)
                throw OutboundError(.failed, "no whole answer within \(patience)")
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    /// Closes all connections.
    public func shutdown() async {
        let all = Array(clients.values)
        (clients, recent) = ([:], [])
        for client in all { try? await client.shutdown() }
    }

    private func client(for target: Target) async throws(OutboundError) -> HTTPClient {
        let isAllowed = allowed.contains("\(target.host):\(target.port)")
        guard isAllowed || target.isSecure && target.port == 443 else {
            throw OutboundError(.notAllowed, "\(target.host):\(target.port) is not https on port 443")
        }
        let addresses: [IPAddress]
        do { addresses = try await Resolver.addresses(of: target.host) } catch {
            throw OutboundError(.failed, "\(error)")
        }
        guard let address = addresses.first else {
            throw OutboundError(.failed, "the host \(target.host) has no address")
        }
        guard isAllowed || addresses.allSatisfy(\.isPublic) else {
            throw OutboundError(.notAllowed, "\(target.host) has an address that is not public")
        }
        return client(for: Place(host: target.host, address: address.text))
    }

    private func client(for place: Place) -> HTTPClient {
        recent.removeAll { $0 == place }
        recent.append(place)
        if let client = clients[place] { return client }
        if clients.count >= Self.clientLimit {
            let old = clients.removeValue(forKey: recent.removeFirst())
            // Requests of it that are under way end in their time.
            Task {
                try? await Task.sleep(for: Self.patience)
                try? await old?.shutdown()
            }
        }
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: .seconds(5)), decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.dnsOverride = [place.host: place.address]
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        clients[place] = client
        return client
    }
}

extension OutboundClient {
    /// Reads `host:port`, parted by commas; nil for what is no such list.
    public static func hosts(_ text: String) -> Set<String>? {
        let hosts = text.split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }
        let areHosts = hosts.allSatisfy { host in
            let parts = host.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count == 2 && !parts[0].isEmpty && UInt16(parts[1]).map { $0 > 0 } == true
        }
        return areHosts ? Set(hosts) : nil
    }
}

/// Why a request has no answer.
public struct OutboundError: Error, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// It goes where none may go; another try changes nothing.
        case notAllowed
        /// No connection, no answer in time, or one that cannot be read.
        case failed
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
