import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// Bounds how long a connection may be busy with sending one request: 408 (RFC 9110, section 15.5.9), and the end.
///
/// The server behind it waits for the rest of a body even after the answer has gone; so whoever sends a byte now and then
/// would hold the connection for ever.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let patience: TimeAmount
    /// For the answer to a request that is not read to its end to arrive.
    private static let leave = TimeAmount.seconds(2)
    /// Set from a request's head to its end.
    private var due: NIODeadline?
    /// One for the connection, not for the request: most requests end at once, and setting an alarm costs more than looking
    /// whether it is time.
    private var alarm: Scheduled<Void>?
    private var isAnswered = false

    /// - Parameter patience: from a request's head to its end.
    init(patience: Duration) { self.patience = TimeAmount(patience) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isAnswered = false
            due = context.eventLoop.now + patience
            if alarm == nil { schedule(on: context.channel, in: patience) }
        case .body: break
        case .end: due = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard due != nil else { return context.write(data, promise: promise) }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            isAnswered = true
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            due = context.eventLoop.now + Self.leave
            alarm?.cancel()
            schedule(on: context.channel, in: Self.leave)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        rest()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { rest() }

    private func schedule(on channel: any Channel, in delay: TimeAmount) {
        alarm = channel.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.ring(channel) }
    }

    /// The alarm may be that of a request which has ended long since.
    private func ring(_ channel: any Channel) {
        alarm = nil
        guard let due else { return }
        let now = channel.eventLoop.now
        if due <= now { return expire(channel) }
        schedule(on: channel, in: due - now)
    }

    private func expire(_ channel: any Channel) {
        guard !isAnswered else { return channel.close(promise: nil) }
        let error = EdgeError(.timeout, "the request came too slowly")
        channel.write(HTTPResponsePart.head(Answers.refused(error).head), promise: nil)
        channel.write(HTTPResponsePart.body(Answers.body(of: error)), promise: nil)
        channel.writeAndFlush(HTTPResponsePart.end(nil), promise: nil)
    }

    private func rest() {
        due = nil
        alarm?.cancel()
        alarm = nil
    }
}
