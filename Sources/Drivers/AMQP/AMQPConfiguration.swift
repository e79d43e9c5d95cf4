import CLibRabbitMQ

/// Where the broker is and how to speak with it.
public struct AMQPConfiguration: Sendable {
    public var host: String
    public var port: Int
    public var user: String
    public var password: String
    public var virtualHost: String
    /// Whether the connection is encrypted and the broker's certificate verified.
    public var usesTLS: Bool
    /// PEM file of the authorities to trust; the system's when absent. Only for TLS.
    public var authorityFile: String?
    /// Interval of heartbeats, in whole seconds; the broker may lower it. Default 20 s.
    public var heartbeat: Duration = .seconds(20)
    /// Shown in the broker's list of connections.
    public var connectionName: String = "amqp"
    /// Bounds connecting and the handshake. Default 5 s.
    public var connectTimeout: Duration = .seconds(5)
    /// Bounds each request that waits for the broker's answer. Default 10 s.
    public var rpcTimeout: Duration = .seconds(10)
    /// Bounds each write to the socket, 128 KiB at most; longer, and the connection is lost. Default 5 s.
    public var writeTimeout: Duration = .seconds(5)
    /// Published bodies that may be unconfirmed at once. Default 1,000.
    public var windowMessages: Int = 1_000
    /// Bytes of published bodies that may be unconfirmed at once. Default 32 MiB.
    public var windowBytes: Int = 32 << 20
    /// Bytes of bodies that may wait for room in the window. Default 64 MiB.
    public var waitingBytes: Int = 64 << 20

    /// Reads `amqp[s]://user:password@host:port/vhost`; an absent or empty vhost is `/`.
    ///
    /// - Throws: `.invalidConfiguration`; the message does not repeat the URL.
    public init(url: String) throws(AMQPError) {
        guard let parts = Self.parse(url) else {
            throw AMQPError(.invalidConfiguration, "the broker's URL is not amqp[s]://user:password@host:port/vhost")
        }
        self = parts
    }

    private init(_ info: amqp_connection_info) {
        host = String(cString: info.host)
        port = Int(info.port)
        user = String(cString: info.user)
        password = String(cString: info.password)
        let vhost = String(cString: info.vhost)
        virtualHost = vhost.isEmpty ? "/" : vhost
        usesTLS = info.ssl != 0
    }

    private static func parse(_ url: String) -> AMQPConfiguration? {
        guard !url.utf8.contains(0) else { return nil }
        // The library cuts this buffer into pieces and points into it.
        var buffer = url.utf8.map { CChar(bitPattern: $0) } + [0]
        return buffer.withUnsafeMutableBufferPointer { buffer in
            var info = amqp_connection_info()
            guard amqp_parse_url(buffer.baseAddress, &info) == AMQP_STATUS_OK.rawValue else { return nil }
            return AMQPConfiguration(info)
        }
    }
}
