import AMQP

/// Where the broker is and how a service speaks with it.
public struct BrokerConfiguration: Sendable {
    var amqp: AMQPConfiguration

    /// A certificate of ours and its key, as PEM files.
    public struct Certificate: Sendable, Hashable {
        public var file: String
        public var keyFile: String

        public init(file: String, keyFile: String) {
            self.file = file
            self.keyFile = keyFile
        }
    }

    /// - Parameters:
    ///   - url: `amqp[s]://user:password@host:port/vhost`; a broker of several nodes is `host1:port1,host2:port2` in the
    ///     host's place, and each connection goes to whichever answers.
    ///   - connectionName: shown in the broker's list of connections, followed by what the connection is for.
    ///   - authorityFile: PEM file of the certificate authorities to trust with `amqps`; the system's when absent.
    ///   - certificate: whom we are, for a broker that asks with `amqps`.
    ///   - heartbeat: whole seconds; a dead broker is noticed after two of them.
    /// - Throws: `.invalidConfiguration`; the message does not repeat the URL.
    public init(
        url: String, connectionName: String, authorityFile: String? = nil, certificate: Certificate? = nil,
        heartbeat: Duration = .seconds(20)
    ) throws(MessagingError) {
        do {
            amqp = try AMQPConfiguration(url: url)
        } catch {
            throw MessagingError(error)
        }
        amqp.connectionName = connectionName
        amqp.authorityFile = authorityFile
        amqp.clientCertificate = certificate.map {
            AMQPClientCertificate(certificateFile: $0.file, keyFile: $0.keyFile)
        }
        amqp.heartbeat = heartbeat
    }

    /// The same broker under a name that says what the connection is for.
    func named(_ purpose: String) -> BrokerConfiguration {
        var copy = self
        copy.amqp.connectionName += "-\(purpose)"
        return copy
    }
}

/// Whether a broker can be used, for readiness.
public enum BrokerAvailability: Sendable, Hashable {
    case connected
    /// Connected, but the broker takes no publishes: an alarm on its memory or disk.
    case blocked
    case away
}

/// Since when a broker cannot be used as it should, and why.
public struct BrokerTrouble: Sendable, Hashable {
    /// `.away` or `.blocked`.
    public var availability: BrokerAvailability
    public var since: ContinuousClock.Instant
    /// The last error, where there was one. Safe to log.
    public var reason: String?
    /// Whether it has been there before, in the life of this process.
    public var wasThere: Bool
}
