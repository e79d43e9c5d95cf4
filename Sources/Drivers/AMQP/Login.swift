import CLibRabbitMQ
import Glibc

/// Opens a socket and logs in; blocks, within its two timeouts.
struct Login {
    private let configuration: AMQPConfiguration

    init(_ configuration: AMQPConfiguration) {
        self.configuration = configuration
    }

    func run() throws(AMQPError) -> amqp_connection_state_t {
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
        guard let port = Int32(exactly: configuration.port), (1...65_535).contains(port) else {
            throw AMQPError(.invalidConfiguration, "the broker's port is not between 1 and 65535")
        }
        let socket = configuration.usesTLS ? amqp_ssl_socket_new(library) : amqp_tcp_socket_new(library)
        guard let socket else { throw AMQPError(.unreachable, "no memory for a socket") }
        if configuration.usesTLS { try trustAuthorities(socket) }
        var timeout = timeval(configuration.connectTimeout)
        let status = amqp_socket_open_noblock(socket, configuration.host, port, &timeout)
        if status != AMQP_STATUS_OK.rawValue { throw AMQPError(status: status, otherwise: .unreachable) }
    }

    private func trustAuthorities(_ socket: OpaquePointer) throws(AMQPError) {
        // librabbitmq 0.11 cannot ask OpenSSL for its default authorities; this is Debian's bundle of them.
        let file = configuration.authorityFile ?? "/etc/ssl/certs/ca-certificates.crt"
        guard amqp_ssl_socket_set_cacert(socket, file) == AMQP_STATUS_OK.rawValue else {
            throw AMQPError(.tlsFailed, "the file of certificate authorities cannot be read")
        }
        amqp_ssl_socket_set_verify_peer(socket, 1)
        amqp_ssl_socket_set_verify_hostname(socket, 1)
        _ = amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)
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
