import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOConcurrencyHelpers

/// What the scripted server does when a command (or `greeting`, or the final dot, named `.`) comes.
enum Response: Sendable {
    case reply(String)
    case replyAndClose(String)
    case close
    case silence
    /// One byte a packet.
    case dripping(String)
    case late(String, after: TimeAmount)
    /// After the reply nothing more is read.
    case replyAndGoDeaf(String)
}

/// A mail server that behaves as a test wants, and remembers what it saw.
final class ScriptedServer: Sendable {
    struct Seen: Sendable {
        var connections = 0
        var closed = 0
        /// All command lines, of all connections.
        var commands: [String] = []
        /// The messages whose final dot came, as they were on the wire.
        var messages: [String] = []
        /// The bodies of connections that closed before the final dot.
        var discarded: [String] = []
    }

    struct Settings: Sendable {
        var capabilities = ["PIPELINING", "SIZE 1000000", "8BITMIME", "ENHANCEDSTATUSCODES"]
        /// Needed for STARTTLS, and for TLS from the first byte.
        var tls: NIOSSLContext?
        var isImplicit = false
        /// What differs from an obliging server; the number of the connection counts from 1.
        var behaviour: @Sendable (_ command: String, _ connection: Int) -> Response? = { _, _ in nil }
    }

    let port: Int
    private let channel: any Channel
    private let state = NIOLockedValueBox(
        (
            seen: Seen(),
            waiting: [(condition: @Sendable (Seen) -> Bool, continuation: CheckedContinuation<Void, Never>)]()
        ))

    private init(_ channel: any Channel) {
        self.channel = channel
        port = channel.localAddress?.port ?? 0
    }

    /// Runs `body` with a server, which is closed afterwards.
    static func with<R>(
        _ settings: Settings = Settings(), _ body: (ScriptedServer) async throws -> R
    ) async throws -> R {
        let holder = NIOLockedValueBox<ScriptedServer?>(nil)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let server = holder.withLockedValue({ $0 }) else { throw ChannelError.ioOnClosedChannel }
                    if settings.isImplicit, let tls = settings.tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(ScriptedServerHandler(server, settings))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedServer(channel)
        holder.withLockedValue { $0 = server }
        let result: Result<R, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        try await channel.close()
        return try result.get()
    }

    var seen: Seen { state.withLockedValue { $0.seen } }

    /// Returns once what the server has seen satisfies `condition`.
    func waits(until condition: @escaping @Sendable (Seen) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isTrue = state.withLockedValue { state in
                if condition(state.seen) { return true }
                state.waiting.append((condition, continuation))
                return false
            }
            if isTrue { continuation.resume() }
        }
    }

    /// Returns what `change` returns, and wakes those whose condition has come true.
    func note<Result: Sendable>(_ change: (inout Seen) -> Result) -> Result {
        let (result, woken) = state.withLockedValue { state in
            let result = change(&state.seen)
            let seen = state.seen
            let woken = state.waiting.filter { $0.condition(seen) }.map(\.continuation)
            state.waiting.removeAll { $0.condition(seen) }
            return (result, woken)
        }
        for continuation in woken { continuation.resume() }
        return result
    }
}

final class ScriptedServerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let server: ScriptedServer
    private let settings: ScriptedServer.Settings
    private var input = ""
    private var body: String?
    private var number = 0

    init(_ server: ScriptedServer, _ settings: ScriptedServer.Settings) {
        self.server = server
        self.settings = settings
    }

    func channelActive(context: ChannelHandlerContext) {
        number = server.note { seen in
            seen.connections += 1
            return seen.connections
        }
        respond(to: "greeting", context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        server.note { seen in
            seen.closed += 1
            if let body = self.body { seen.discarded.append(body) }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        input += String(buffer: unwrapInboundIn(data))
        while let end = input.range(of: "\r\n") {
            let line = String(input[..<end.lowerBound])
            input = String(input[end.upperBound...])
            read(line, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func read(_ line: String, _ context: ChannelHandlerContext) {
        guard let body else {
            server.note { $0.commands.append(line) }
            respond(to: line, context)
            return
        }
        if line != "." {
            self.body = body + line + "\r\n"
            return
        }
        self.body = nil
        server.note { $0.messages.append(body) }
        respond(to: line, context)
    }

    private func respond(to command: String, _ context: ChannelHandlerContext) {
        switch settings.behaviour(command, number) ?? oblige(command) {
        case .reply(let text):
            write(text, context)
            if command == "DATA", text.hasPrefix("354") { body = "" }
            if command == "STARTTLS", text.hasPrefix("220") { secure(context) }
        case .replyAndClose(let text):
            write(text, context)
            context.close(promise: nil)
        case .close: context.close(promise: nil)
        case .silence: break
        case .dripping(let text):
            drip(Array("\(text)\r\n".utf8)[...], context.channel)
            if command == "DATA", text.hasPrefix("354") { body = "" }
        case .late(let text, let delay):
            let channel = context.channel
            context.eventLoop.scheduleTask(in: delay) {
                channel.writeAndFlush(ByteBuffer(string: "\(text)\r\n"), promise: nil)
            }
        case .replyAndGoDeaf(let text):
            context.channel.setOption(.autoRead, value: false).whenComplete { _ in }
            write(text, context)
        }
    }

    private func drip(_ bytes: ArraySlice<UInt8>, _ channel: any Channel) {
        guard let first = bytes.first else { return }
        channel.writeAndFlush(ByteBuffer(bytes: [first])).assumeIsolated().whenSuccess {
            self.drip(bytes.dropFirst(), channel)
        }
    }

    private func oblige(_ command: String) -> Response {
        switch command.prefix(4) {
        case "gree": return .reply("220 scripted")
        case "EHLO":
            let lines = ["scripted"] + settings.capabilities
            return .reply(
                lines.enumerated().map { "250\($0 == lines.count - 1 ? " " : "-")\($1)" }.joined(separator: "\r\n"))
        case "DATA": return .reply("354 go on")
        case "STAR": return .reply("220 go on")
        case "AUTH": return .reply("235 2.7.0 welcome")
        case "QUIT": return .replyAndClose("221 bye")
        default: return .reply("250 2.0.0 ok")
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
    }

    private func secure(_ context: ChannelHandlerContext) {
        guard let tls = settings.tls else { return }
        try? context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
    }
}
