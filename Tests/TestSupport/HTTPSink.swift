import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a free port of this machine that answers as a test wants, and remembers what it was sent.
public final class HTTPSink: Sendable {
    public struct Request: Sendable {
        public var path: String
        public var headers: [String: String]
        public var body: String
    }

    public struct Answer: Sendable {
        public var status: Int
        public var headers: [String: String]
        public var body: String
        /// Whether the body never ends: a byte every second follows it.
        public var dribbles: Bool

        public init(_ status: Int, headers: [String: String] = [:], body: String = "", dribbles: Bool = false) {
            self.status = status
            self.headers = headers
            self.body = body
            self.dribbles = dribbles
        }
    }

    private struct State {
        var requests: [Request] = []
        var behaviour: @Sendable (Request, Int) -> Answer?
    }

    public let port: Int
    private let channel: any Channel
    private let state: Mutex<State>

    private init(_ channel: any Channel, _ holder: Holder, _ behaviour: @escaping @Sendable (Request, Int) -> Answer?) {
        self.channel = channel
        port = channel.localAddress?.port ?? 0
        state = Mutex(State(behaviour: behaviour))
        holder.sink.withLock { $0 = self }
    }

    /// All requests, in the order in which they came.
    public var requests: [Request] { state.withLock { $0.requests } }

    /// Runs a test with a server.
    ///
    /// - Parameter behaviour: the answer to a request, given its number from 1; nil: none, ever.
    public static func with<R>(
        _ behaviour: @escaping @Sendable (Request, Int) -> Answer? = { _, _ in Answer(200) },
        _ body: (HTTPSink) async throws -> R
    ) async throws -> R {
        let holder = Holder()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(holder))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let sink = HTTPSink(channel, holder, behaviour)
        do {
            let result = try await body(sink)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    fileprivate func take(_ request: Request) -> Answer? {
        let (behaviour, number) = state.withLock { state in
            state.requests.append(request)
            return (state.behaviour, state.requests.count)
        }
        return behaviour(request, number)
    }

    fileprivate final class Holder: Sendable {
        let sink = Mutex<HTTPSink?>(nil)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let holder: Holder
        private var request = Request(path: "", headers: [:], body: "")
        private var bytes: [UInt8] = []

        init(_ holder: Holder) { self.holder = holder }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
                request = Request(path: head.uri, headers: headers, body: "")
                bytes = []
            case .body(let buffer): bytes += buffer.readableBytesView
            case .end:
                request.body = String(decoding: bytes, as: UTF8.self)
                guard let answer = holder.sink.withLock({ $0 })?.take(request) else { return }
                send(answer, context)
            }
        }

        private func send(_ answer: Answer, _ context: ChannelHandlerContext) {
            var headers = HTTPHeaders(answer.headers.map { ($0.key, $0.value) })
            let length = answer.body.utf8.count + (answer.dribbles ? 10_000 : 0)
            headers.replaceOrAdd(name: "content-length", value: "\(length)")
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
            guard answer.dribbles else { return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
            context.flush()
            let channel = context.channel
            context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { task in
                guard channel.isActive else { return task.cancel() }
                channel.writeAndFlush(
                    HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: " "))), promise: nil)
            }
        }
    }
}
