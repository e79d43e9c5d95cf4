import NIOCore
import NIOSSL

/// Speaks SMTP on one connection. Lives on its event loop; while a mail is dealt with nothing more is read.
final class ReceptionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Told to every connection when the reception ends.
    enum Event { case stop }

    private enum Mode {
        case commands
        case mail(MailCollector)
        /// A mail is being dealt with: what follows waits.
        case dealing
        case closing
    }

    private let limits: ReceptionLimits
    private let deal: @Sendable (ReceivedMail) async -> ReceptionAnswer
    private let tls: ReceptionTLS?
    private var session: ReceptionSession
    private var mode = Mode.commands
    private var isStopping = false
    private var input = ByteBuffer()
    private var output = ByteBuffer()
    private var patience: Scheduled<Void>?
    private var end: Scheduled<Void>?

    init(
        name: String, limits: ReceptionLimits, tls: ReceptionTLS?, accepts: @escaping @Sendable (String) -> Bool,
        deal: @escaping @Sendable (ReceivedMail) async -> ReceptionAnswer
    ) {
        self.tls = tls
        self.limits = limits
        self.deal = deal
        session = ReceptionSession(name: name, limits: limits, offersTLS: tls != nil, accepts: accepts)
    }

    func channelActive(context: ChannelHandlerContext) {
        reply(session.greeting)
        flush(context)
        wait(context)
        end = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(limits.wholeMilliseconds)) {
            self.close(context, saying: "421 4.4.2 this takes too long")
        }
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        patience?.cancel()
        end?.cancel()
        mode = .closing
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        input.writeBuffer(&bytes)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        wait(context)
        work(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is Event else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        isStopping = true
        if case .dealing = mode { return }
        close(context, saying: "421 4.3.2 this server ends")
    }

    private func wait(_ context: ChannelHandlerContext) {
        patience?.cancel()
        patience = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(limits.idleMilliseconds)) {
            if case .dealing = self.mode { return }
            self.close(context, saying: "421 4.4.2 nothing has come for too long")
        }
    }

    /// Does what the input allows, sends all replies to it at once, and asks for more.
    private func work(_ context: ChannelHandlerContext) {
        while step(context) {}
        flush(context)
        input.discardReadBytes()
        switch mode {
        case .commands, .mail: context.read()
        case .dealing, .closing: break
        }
    }

    /// Handles one line, or what there is of a mail; false where there is nothing to go on with.
    private func step(_ context: ChannelHandlerContext) -> Bool {
        switch mode {
        case .commands: return readCommand(context)
        case .mail(var collector):
            // Not held twice while it grows.
            mode = .dealing
            let progress = collector.take(input.readableBytesView)
            switch progress {
            case .more:
                input.moveReaderIndex(to: input.writerIndex)
                mode = .mail(collector)
            case .ended(let used):
                input.moveReaderIndex(forwardBy: used)
                deal(with: collector.kept, context)
            case .bareLineFeed: close(context, saying: "521 5.5.2 bare line feed")
            case .tooLong: close(context, saying: "552 5.3.4 too large")
            }
            return false
        case .dealing, .closing: return false
        }
    }

    private func readCommand(_ context: ChannelHandlerContext) -> Bool {
        let view = input.readableBytesView
        guard let end = view.prefix(limits.lineBytes).firstIndex(of: UInt8(ascii: "\n")) else {
            if view.count >= limits.lineBytes { close(context, saying: "500 5.5.2 line too long") }
            return false
        }
        guard end > view.startIndex, view[end - 1] == UInt8(ascii: "\r") else {
            close(context, saying: "521 5.5.2 bare line feed")
            return false
        }
        let line = String(decoding: view[..<(end - 1)], as: UTF8.self)
        input.moveReaderIndex(to: end + 1)
        switch session.answer(line) {
        case .reply(let text): reply(text)
        case .readMail(let text):
            reply(text)
            mode = .mail(MailCollector(limit: limits.mailBytes, keptLimit: limits.keptBytes))
        case .replyAndClose(let text): close(context, saying: text)
        case .replyAndSecure(let text):
            reply(text)
            secure(context)
        }
        return true
    }

    /// What came in the clear behind the command may be anybody's: it is not looked at (RFC 3207, section 6).
    private func secure(_ context: ChannelHandlerContext) {
        flush(context)
        input.clear()
        session.secured()
        guard let tls else { return }
        do {
            try context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.context), position: .first)
        } catch {
            context.close(promise: nil)
        }
    }

    private func deal(with bytes: [UInt8], _ context: ChannelHandlerContext) {
        let (from, recipients) = session.takeEnvelope()
        let mail = ReceivedMail(from: from, recipients: recipients, bytes: bytes)
        let (deal, loop) = (deal, context.eventLoop)
        let answer = loop.makePromise(of: ReceptionAnswer.self)
        answer.futureResult.assumeIsolated().whenSuccess { answer in
            guard case .dealing = self.mode else { return }
            self.mode = .commands
            self.reply(answer == .taken ? "250 2.6.0 taken" : "451 4.3.0 not now")
            if self.isStopping { return self.close(context, saying: "421 4.3.2 this server ends") }
            self.wait(context)
            self.work(context)
        }
        // Awaited by the promise, which the connection waits for before it reads on.
        Task { answer.succeed(await deal(mail)) }
    }

    private func reply(_ text: String) { output.writeString("\(text)\r\n") }

    private func flush(_ context: ChannelHandlerContext) {
        guard output.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        output = ByteBuffer()
    }

    private func close(_ context: ChannelHandlerContext, saying text: String) {
        if case .closing = mode { return }
        mode = .closing
        reply(text)
        flush(context)
        context.close(promise: nil)
    }
}
