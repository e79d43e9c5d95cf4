import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Answers what is no HTTP with an error that names the fault, and ends the connection.
///
/// The server behind it would say 400 and no more, and nothing at all to a request that HTTP has and its types have not.
final class ProtocolFaults: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// For the answer to arrive: closing at once, with bytes unread, would take it back.
    private static let leave = TimeAmount.seconds(2)

    /// Whole requests that are not answered yet: theirs come first.
    private var unanswered = 0
    /// Whether an answer is on its way out, in which another cannot begin.
    private var isAnswering = false
    /// What ends the connection once all before it is answered.
    private var fault: EdgeError?
    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .end = unwrapInboundIn(data) { unanswered += 1 }
        if fault == nil { context.fireChannelRead(data) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isOver else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head): isAnswering = isAnswering || head.status.kind != .informational
        case .body: break
        case .end:
            isAnswering = false
            unanswered = max(0, unanswered - 1)
        }
        context.write(data, promise: promise)
        endIfDue(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An answer under way to a request that is not read to its end says enough.
        if fault == nil, unanswered > 0 || !isAnswering { fault = Self.fault(error) }
        endIfDue(context)
        // Whoever reads the body must not take what came of it for all.
        context.fireErrorCaught(error)
    }

    private func endIfDue(_ context: ChannelHandlerContext) {
        guard let fault, unanswered == 0, !isAnswering, !isOver else { return }
        isOver = true
        var head = Answers.refused(fault).head
        head.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(Answers.body(of: fault))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        let channel = context.channel
        channel.eventLoop.assumeIsolated().scheduleTask(in: Self.leave) { channel.close(promise: nil) }
    }

    /// What is wrong with a request; nil where it is not the request.
    private static func fault(_ error: any Error) -> EdgeError? {
        switch error {
        case HTTPParserError.headerOverflow:
            EdgeError(.headersTooLarge, "the header has more than 16,384 bytes or 100 fields")
        case HTTPParserError.invalidMethod: EdgeError(.malformed, "the method is none of HTTP's")
        case HTTPParserError.invalidURL: EdgeError(.malformed, "the request's target is malformed")
        case HTTPParserError.invalidVersion: EdgeError(.malformed, "the version is not HTTP/1.0 or HTTP/1.1")
        case HTTPParserError.invalidContentLength, HTTPParserError.unexpectedContentLength:
            EdgeError(.malformed, "the length of the body is stated in no way that holds")
        case HTTPParserError.invalidChunkSize: EdgeError(.malformed, "a chunk's size is malformed")
        case HTTPParserError.invalidHeaderToken: EdgeError(.malformed, "a header field is malformed")
        case is HTTPParserError: EdgeError(.malformed, "what comes is no HTTP/1.1")
        case is ChannelError, is IOError: nil
        default: EdgeError(.malformed, "the request is malformed: its target, its host or a header field")
        }
    }
}
