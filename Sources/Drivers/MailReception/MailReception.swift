public import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// A mail server that takes mail for the recipients that its owner knows, and hands each mail to it before it says that it has
/// it. It relays nothing.
public struct MailReception: Service {
    private let host: String
    private let port: Int
    private let name: String
    private let limits: ReceptionLimits
    private let tls: ReceptionTLS?
    private let accepts: @Sendable (String) -> Bool
    private let deal: @Sendable (ReceivedMail) async -> ReceptionAnswer
    private let logger: Logger

    /// - Parameters:
    ///   - port: 0 lets the system choose; the log says which.
    ///   - name: how it greets: this host's, as DNS knows it.
    ///   - tls: by what it offers STARTTLS; nil: it does not.
    ///   - accepts: whether there is such a recipient; called on an event loop, and must not wait.
    ///   - deal: what is taken is answered for: it must be safe when this returns.
    public init(
        host: String, port: Int, name: String, limits: ReceptionLimits = ReceptionLimits(), tls: ReceptionTLS? = nil,
        logger: Logger,
        accepts: @escaping @Sendable (String) -> Bool, deal: @escaping @Sendable (ReceivedMail) async -> ReceptionAnswer
    ) {
        self.host = host
        self.port = port
        self.name = name
        self.limits = limits
        self.tls = tls
        self.accepts = accepts
        self.deal = deal
        self.logger = logger
    }

    /// Serves until graceful shutdown; mails in hand are dealt with, and their senders told.
    public func run() async throws {
        let guests = Guests(limits)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [name, limits, tls, accepts, deal] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard guests.welcome(channel) else { throw ChannelError.ioOnClosedChannel }
                    try channel.pipeline.syncOperations.addHandler(
                        ReceptionHandler(name: name, limits: limits, tls: tls, accepts: accepts, deal: deal))
                }
            }
            .bind(host: host, port: port).get()
        logger.info(
            "mail that comes back is taken", metadata: ["address": "\(host):\(server.localAddress?.port ?? port)"])
        await withGracefulShutdownHandler {
            try? await server.closeFuture.get()
        } onGracefulShutdown: {
            server.close(promise: nil)
        }
        for guest in guests.all { guest.pipeline.fireUserInboundEventTriggered(ReceptionHandler.Event.stop) }
        for guest in guests.all { try? await guest.closeFuture.get() }
    }
}

/// The open connections, and how many there may be.
private final class Guests: Sendable {
    private let limits: ReceptionLimits
    /// No `Mutex`: when it is contended, the thread sanitizer does not see its lock.
    private let open = NIOLockedValueBox<[ObjectIdentifier: (channel: any Channel, address: String)]>([:])

    init(_ limits: ReceptionLimits) { self.limits = limits }

    var all: [any Channel] { open.withLockedValue { $0.values.map(\.channel) } }

    /// - Returns: false where there are too many, of all or of one address.
    func welcome(_ channel: any Channel) -> Bool {
        let address = channel.remoteAddress?.ipAddress ?? ""
        let key = ObjectIdentifier(channel)
        let isWelcome = open.withLockedValue { open in
            guard open.count < limits.connections,
                open.values.count(where: { $0.address == address }) < limits.connectionsOfOne
            else { return false }
            open[key] = (channel, address)
            return true
        }
        if isWelcome { channel.closeFuture.whenComplete { _ in self.open.withLockedValue { $0[key] = nil } } }
        return isWelcome
    }
}
