import NIOCore

/// Where mail is handed over and how.
public struct SMTPConfiguration: Sendable {
    public enum Encryption: String, Sendable, Hashable, CaseIterable {
        /// Plain text, credentials included: for a server on the same machine or network.
        case none
        /// STARTTLS where offered, without checking the certificate (RFC 7435). Credentials go over TLS only.
        case opportunistic
        /// STARTTLS with a certificate that checks out, or nothing.
        case required
        /// TLS from the first byte (RFC 8314) with a certificate that checks out.
        case implicit
    }

    public struct Credentials: Sendable {
        public let username: String
        public let password: String

        public init(username: String, password: String) {
            self.username = username
            self.password = password
        }
    }

    public let host: String
    public let port: Int
    public let encryption: Encryption
    public let credentials: Credentials?
    /// The name we greet with: a domain of this host, or an address literal.
    public let helo: String
    /// The address of this machine that connections come from; nil: the system chooses.
    public let sourceAddress: String?
    /// A PEM file of certificate authorities to trust in place of the system's.
    public let certificateAuthorityFile: String?
    public let timeouts: SMTPTimeouts
    /// Open connections at most, prepared deliveries included.
    public let maxConnections: Int
    /// Deliveries over one connection before it is closed.
    public let maxDeliveriesPerConnection: Int

    /// Throws `invalidArgument` where a value could not stand in a command, or is out of its range.
    public init(
        host: String, port: Int, encryption: Encryption = .opportunistic, credentials: Credentials? = nil,
        helo: String, sourceAddress: String? = nil, certificateAuthorityFile: String? = nil,
        timeouts: SMTPTimeouts = SMTPTimeouts(),
        maxConnections: Int = 8, maxDeliveriesPerConnection: Int = 1000
    ) throws(SMTPError) {
        guard !host.isEmpty, (1...65_535).contains(port) else {
            throw SMTPError(.invalidArgument, .connect, cause: "host or port")
        }
        guard SMTPArgument.isHostName(helo) else {
            throw SMTPError(.invalidArgument, .hello, cause: "the name to greet with")
        }
        guard sourceAddress.map({ (try? SocketAddress(ipAddress: $0, port: 0)) != nil }) ?? true else {
            throw SMTPError(.invalidArgument, .connect, cause: "the source address is no IP address")
        }
        guard maxConnections > 0, maxDeliveriesPerConnection > 0 else {
            throw SMTPError(.invalidArgument, .connect, cause: "the limits must be positive")
        }
        if let credentials, SMTPArgument.hasNull(credentials.username) || SMTPArgument.hasNull(credentials.password) {
            throw SMTPError(.invalidArgument, .authentication, cause: "NUL in the credentials")
        }
        self.host = host
        self.port = port
        self.encryption = encryption
        self.credentials = credentials
        self.helo = helo
        self.sourceAddress = sourceAddress
        self.certificateAuthorityFile = certificateAuthorityFile
        self.timeouts = timeouts
        self.maxConnections = maxConnections
        self.maxDeliveriesPerConnection = maxDeliveriesPerConnection
    }
}

/// How long to wait in each phase; the defaults are the minima of RFC 5321, section 4.5.3.2.
public struct SMTPTimeouts: Sendable, Hashable {
    public var connect: Duration = .seconds(30)
    public var greeting: Duration = .seconds(300)
    /// EHLO, STARTTLS with its handshake, AUTH, MAIL, RCPT.
    public var command: Duration = .seconds(300)
    /// The answer to DATA.
    public var data: Duration = .seconds(120)
    /// Until the server has taken the message.
    public var body: Duration = .seconds(180)
    /// The answer to the final dot. A shorter one makes duplicates: the server may have accepted.
    public var finalDot: Duration = .seconds(600)
    /// The answers to RSET and QUIT.
    public var farewell: Duration = .seconds(10)
    /// How long an unused connection is kept.
    public var idle: Duration = .seconds(60)

    public init() {}

    func limit(for phase: SMTPPhase) -> Duration {
        switch phase {
        case .connect: connect
        case .greeting: greeting
        case .hello, .startTLS, .authentication, .mail, .recipient: command
        case .data: data
        case .body: body
        case .finalDot: finalDot
        case .reset, .quit: farewell
        case .idle: idle
        }
    }
}
