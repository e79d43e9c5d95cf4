import CLibRabbitMQ
import Glibc

/// Opens a socket to one node and logs in; blocks, within its two timeouts.
struct Login {
    private let configuration: AMQPConfiguration
    private let node: AMQPNode

    private init(_ configuration: AMQPConfiguration, _ node: AMQPNode) {
        self.configuration = configuration
        self.node = node
    }

    /// Tries one node after the other, in any order, so that processes spread over them.
    ///
    /// - Throws: what says most: why a node refused us rather than that another is away.
    static func run(_ configuration: AMQPConfiguration) throws(AMQPError) -> amqp_connection_state_t {
        var failure = AMQPError(.invalidConfiguration, "the broker has no node")
        for (attempt, node) in configuration.nodes.shuffled().enumerated() {
            do {
                return try Login(configuration, node).run()
            } catch {
                if attempt == 0 || failure.isTransient { failure = error }
            }
        }
        throw failure
    }

    private func run() throws(AMQPError) -> amqp_connection_state_t {
        guard let library = amqp_new_connection() else {
            throw AMQPError(.unreachable, "no memory for a connection")
        }
        do {
            try openSocket(library)
            try logIn(library)
            return library
        } catch {
            amqp_destroy_connection(library)
            throw error
        }
    }

    private func openSocket(_ library: amqp_connection_state_t) throws(AMQPError) {
        guard let port = Int32(exactly: node.port), (1...65_535).contains(port) else {
            throw AMQPError(.invalidConfiguration, "the broker's port is not between 1 and 65535")
        }
        let socket = configuration.usesTLS ? amqp_ssl_socket_new(library) : amqp_tcp_socket_new(library)
        guard let socket else { throw AMQPError(.unreachable, "no memory for a socket") }
        if configuration.usesTLS { try secure(socket) }
        var timeout = timeval(configuration.connectTimeout)
        let status = amqp_socket_open_noblock(socket, node.host, port, &timeout)
        if status != AMQP_STATUS_OK.rawValue { throw failure(status) }
    }

    private func failure(_ status: Int32) -> AMQPError {
        let error = AMQPError(status: status, otherwise: .unreachable)
        guard error.code == .tlsFailed, let words = loods_amqp_distrust() else { return error }
        return AMQPError(.tlsFailed, "the broker's certificate is not trusted: \(String(cString: words))")
    }

    private func secure(_ socket: OpaquePointer) throws(AMQPError) {
        // librabbitmq 0.11 cannot ask OpenSSL for its default authorities; this is Debian's bundle of them.
        let file = configuration.authorityFile ?? "/etc/ssl/certs/ca-certificates.crt"
        guard amqp_ssl_socket_set_cacert(socket, file) == AMQP_STATUS_OK.rawValue else {
            throw AMQPError(.tlsFailed, "the file of certificate authorities cannot be read")
        }
        amqp_ssl_socket_set_verify_peer(socket, 1)
        amqp_ssl_socket_set_verify_hostname(socket, 1)
        _ = amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)
        loods_amqp_explain_distrust(socket)
        guard let own = configuration.clientCertificate else { return }
        let status = amqp_ssl_socket_set_key(socket, own.certificateFile, own.keyFile)
        guard status == AMQP_STATUS_OK.rawValue else {
            throw AMQPError(.tlsFailed, "our own certificate or its key cannot be read, or they do not fit each other")
        }
    }

    private func logIn(_ library: amqp_connection_state_t) throws(AMQPError) {
        var handshake = timeval(configuration.connectTimeout)
        var rpc = timeval(configuration.rpcTimeout)
        amqp_set_handshake_timeout(library, &handshake)
        amqp_set_rpc_timeout(library, &rpc)
        let heartbeat = Int32(clamping: configuration.heartbeat.components.seconds)
        let reply = properties.withWireForm { table in
            var table = table
            return loods_amqp_login_plain(
                library, configuration.virtualHost, 0, AMQP_DEFAULT_FRAME_SIZE, heartbeat, &table,
                configuration.user, configuration.password)
        }
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else { throw AMQPError(reply, otherwise: .unreachable) }
    }

    /// The library announces only two of these by itself. Without the others a deleted queue is a silent hang, and an
    /// alarm is never heard of.
    private var properties: AMQPTable {
        [
            "connection_name": .string(configuration.connectionName),
            "capabilities": .table([
                "publisher_confirms": true, "basic.nack": true, "consumer_cancel_notify": true,
                "connection.blocked": true, "authentication_failure_close": true,
                "exchange_exchange_bindings": true,
            ]),
        ]
    }
}

extension timeval {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
