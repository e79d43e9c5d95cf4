import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

/// A door in front of a server, which a test shuts and opens again: while it is shut nobody can connect.
final class Door: Sendable {
    private struct State {
        var listener: (any Channel)?
        var guests: [any Channel] = []
    }

    let port: Int
    private let host: String
    private let target: Int
    private let state = Mutex(State())

    /// Opens a door for `body`, and shuts it for good afterwards.
    static func with<R>(
        to port: Int, host: String = "127.0.0.1", isolation: isolated (any Actor)? = #isolation,
        _ body: (Door) async throws -> R
    ) async throws -> R {
        let door = Door(Int(FreePort.take()), host, port)
        try await door.open()
        do {
            let result = try await body(door)
            await door.shut()
            return result
        } catch {
            await door.shut()
            throw error
        }
    }

    /// A door to the server of a database, and the database's URL through it.
    static func with<R>(
        to database: TestDatabase, isolation: isolated (any Actor)? = #isolation,
        _ body: (Door, _ url: String) async throws -> R
    ) async throws -> R {
        var url = try #require(URLComponents(string: database.url))
        return try await with(to: url.port ?? 5432, host: try #require(url.host)) { door in
            (url.host, url.port) = ("127.0.0.1", door.port)
            return try await body(door, url.string ?? "")
        }
    }

    private init(_ port: Int, _ host: String, _ target: Int) {
        self.port = port
        self.host = host
        self.target = target
    }

    func open() async throws {
        let (host, target) = (host, target)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { guest in
                self.state.withLock { $0.guests.append(guest) }
                return ClientBootstrap(group: guest.eventLoop)
                    .channelInitializer { server in
                        server.eventLoop.makeCompletedFuture {
                            try server.pipeline.syncOperations.addHandler(Passage(to: guest))
                        }
                    }
                    .connect(host: host, port: target)
                    .flatMapThrowing { try guest.pipeline.syncOperations.addHandler(Passage(to: $0)) }
                    .flatMap { guest.setOption(.autoRead, value: true) }
            }
            .bind(host: "127.0.0.1", port: port).get()
        state.withLock { $0.listener = listener }
    }

    /// Ends all connections and refuses new ones.
    func shut() async {
        let (listener, guests) = state.withLock { state in
            defer { state = State() }
            return (state.listener, state.guests)
        }
        for channel in [listener].compactMap({ $0 }) + guests { try? await channel.close() }
    }
}

/// One direction of a connection through the door.
private final class Passage: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel

    init(to other: any Channel) { self.other = other }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
