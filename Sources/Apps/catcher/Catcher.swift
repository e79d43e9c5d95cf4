import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// The listening socket and the connections that came in by it.
final class Catcher: Sendable {
    private let directory: MailDirectory
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let threads: NIOThreadPool
    /// No `Mutex`: when it is contended, the thread sanitizer does not see its lock.
    private let connections = NIOLockedValueBox<[ObjectIdentifier: any Channel]>([:])

    init(_ directory: MailDirectory, logger: Logger) {
        self.directory = directory
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        // More than cores: writers wait for the disk.
        threads = NIOThreadPool(numberOfThreads: System.coreCount * 2)
        threads.start()
    }

    /// Blocks until the socket listens.
    func listen(host: String, port: Int) throws -> any Channel {
        try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                self.note(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        CatcherHandler(self.directory, self.threads, self.logger))
                }
            }
            .bind(host: host, port: port).wait()
    }

    /// Takes leave of all connections once the mail they are storing is stored. Blocks.
    func stop() throws {
        let open = connections.withLockedValue { Array($0.values) }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(CatcherHandler.Event.stop) }
        for channel in open { try? channel.closeFuture.wait() }
        try threads.syncShutdownGracefully()
        try group.syncShutdownGracefully()
    }

    private func note(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        connections.withLockedValue { $0[key] = channel }
        channel.closeFuture.whenComplete { _ in self.connections.withLockedValue { $0[key] = nil } }
    }
}
