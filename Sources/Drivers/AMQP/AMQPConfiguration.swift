import CLibRabbitMQ

/// Where the broker is and how to speak with it.
public struct AMQPConfiguration: Sendable {
    /// One or more nodes of one broker; never empty.
    public var nodes: [AMQPNode]
    public var user: String
    public var password: String
    public var virtualHost: String
    /// Whether the connection is encrypted and the broker's certificate verified.
    public var usesTLS: Bool
    /// PEM file of the authorities to trust; the system's when absent. Only for TLS.
    public var authorityFile: String?
    /// Whom we are, for a broker that asks; only for TLS.
    public var clientCertificate: AMQPClientCertificate?
    /// Interval of heartbeats, in whole seconds; the broker may lower it. Default 20 s.
    public var heartbeat: Duration = .seconds(20)
    /// Shown in the broker's list of connections.
    public var connectionName: String = "amqp"
    /// Bounds connecting to one node and the handshake with it. Default 5 s.
    public var connectTimeout: Duration = .seconds(5)
    /// Bounds each request that waits for the broker's answer. Default 10 s.
    public var rpcTimeout: Duration = .seconds(10)
    /// Bounds each write to the socket, 128 KiB at most; longer, and the connection is lost. Default 5 s.
    public var writeTimeout: Duration = .seconds(5)
    /// How long the broker may refuse all that is published before the connection is given up. Default 3 s.
    public var refusalPatience: Duration = .seconds(3)
    /// Published bodies that may be unconfirmed at once. Default 1,000.
    public var windowMessages: Int = 1_000
    /// Bytes of published bodies that may be unconfirmed at once. Default 32 MiB.
    public var windowBytes: Int = 32 << 20
    /// Bytes of bodies that may wait for room in the window. Default 64 MiB.
    public var waitingBytes: Int = 64 << 20

    /// Reads `amqp[s]://user:password@host:port/vhost`; an absent or empty vhost is `/`. A broker of several nodes is
    /// `host1:port1,host2:port2` in the host's place.
    ///
    /// - Throws: `.invalidConfiguration`; the message does not repeat the URL.
    public init(url: String) throws(AMQPError) {
        let parts = Self.urls(url).map(Self.parse)
        guard var first = parts.first ?? nil, !parts.contains(where: { $0 == nil }) else {
            throw AMQPError(.invalidConfiguration, "the broker's URL is not amqp[s]://user:password@host:port/vhost")
        }
        first.nodes = parts.flatMap { $0?.nodes ?? [] }
        self = first
    }

    private init(_ info: amqp_connection_info) {
        nodes = [AMQPNode(host: String(cString: info.host), port: Int(info.port))]
        user = String(cString: info.user)
        password = String(cString: info.password)
        let vhost = String(cString: info.vhost)
        virtualHost = vhost.isEmpty ? "/" : vhost
        usesTLS = info.ssl != 0
    }

    /// One URL for each node.
    private static func urls(_ url: String) -> [String] {
        guard let start = url.firstRange(of: "://")?.upperBound else { return [] }
        let end = url[start...].firstIndex(of: "/") ?? url.endIndex
        let hosts = url[start..<end].lastIndex(of: "@").map(url.index(after:)) ?? start
        let list = url[hosts..<end].split(separator: ",", omittingEmptySubsequences: false)
        if list.count > 1, list.contains("") { return [] }
        return list.map { url[..<hosts] + $0 + url[end...] }.map(String.init)
    }

    /// With the escapes of all that is not ASCII undone: those the library refuses, though it takes the bytes themselves.
    private static func plainUTF8(_ url: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(url.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), value > 0x7F
            {
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func parse(_ url: String) -> AMQPConfiguration? {
        guard !url.utf8.contains(0) else { return nil }
        // The library cuts this buffer into pieces and points into it.
        var buffer = plainUTF8(url).map { CChar(bitPattern: $0) } + [0]
        return buffer.withUnsafeMutableBufferPointer { buffer in
            var info = amqp_connection_info()
            guard amqp_parse_url(buffer.baseAddress, &info) == AMQP_STATUS_OK.rawValue else { return nil }
            return AMQPConfiguration(info)
        }
    }
}

/// Where one node of a broker listens.
public struct AMQPNode: Sendable, Hashable {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// A certificate that we show, and its key, as PEM files.
public struct AMQPClientCertificate: Sendable, Hashable {
    public var certificateFile: String
    public var keyFile: String

    public init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
