import Logging
import NIOCore
import NIOPosix

/// Speaks SMTP on one connection. Lives on its event loop; files are written on the thread pool.
final class CatcherHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Told to every connection when the catcher ends.
    enum Event { case stop }

    private enum Mode {
        case commands
        case message(MessageEnd)
        /// A message is being stored: what follows waits.
        case storing
        case closing
    }

    private static let lineLimit = 4096
    private let directory: MailDirectory
    private let threads: NIOThreadPool
    private let logger: Logger
    private var session = CatcherSession()
    private var mode = Mode.commands
    private var isStopping = false
    private var input = ByteBuffer()
    private var output = ByteBuffer()

    init(_ directory: MailDirectory, _ threads: NIOThreadPool, _ logger: Logger) {
        self.directory = directory
        self.threads = threads
        self.logger = logger
    }

    func channelActive(context: ChannelHandlerContext) {
        reply(CatcherSession.greeting)
        flush(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        input.writeBuffer(&bytes)
        work(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is Event else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        isStopping = true
        if case .storing = mode { return }
        close(context, saying: "421 4.3.2 the catcher ends")
    }

    /// Does what the input allows, and sends all replies to it at once.
    private func work(_ context: ChannelHandlerContext) {
        while step(context) {}
        flush(context)
        input.discardReadBytes()
        if input.readableBytes > CatcherSession.sizeLimit { close(context, saying: "552 5.3.4 too large") }
    }

    /// Handles one line or message; false where there is none.
    private func step(_ context: ChannelHandlerContext) -> Bool {
        switch mode {
        case .commands: return readCommand(context)
        case .message(var end):
            guard let length = end.find(in: input) else {
                mode = .message(end)
                return false
            }
            let message = input.readSlice(length: length)!
            input.moveReaderIndex(forwardBy: 3)
            receive(message, context)
            return true
        case .storing, .closing: return false
        }
    }

    private func readCommand(_ context: ChannelHandlerContext) -> Bool {
        let view = input.readableBytesView
        guard let end = view.firstIndex(of: 0x0A) else {
            if view.count > Self.lineLimit { close(context, saying: "500 5.5.2 line too long") }
            return false
        }
        guard end > view.startIndex, view[end - 1] == 0x0D else {
            // Who sends bare line feeds may mean two things by one message (SMTP smuggling).
            close(context, saying: "521 5.5.2 bare line feed")
            return false
        }
        let line = String(decoding: view[..<(end - 1)], as: UTF8.self)
        input.moveReaderIndex(to: end + 1)
        switch session.answer(line) {
        case .reply(let text): reply(text)
        case .readMessage(let text):
            reply(text)
            mode = .message(MessageEnd())
        case .replyAndClose(let text): close(context, saying: text)
        }
        return true
    }

    private func receive(_ message: ByteBuffer, _ context: ChannelHandlerContext) {
        let envelope = session.takeEnvelope()
        let behaviour = envelope.recipients.lazy.compactMap(Misbehaviour.init(recipient:)).first
        switch behaviour {
        case .refuseData(let code):
            mode = .commands
            reply(Misbehaviour.reply(code))
        case .dropMail:
            mode = .closing
            context.close(promise: nil)
        default: store(message, envelope, behaviour, context)
        }
    }

    private func store(
        _ message: ByteBuffer, _ envelope: CatcherSession.Envelope, _ behaviour: Misbehaviour?,
        _ context: ChannelHandlerContext
    ) {
        mode = .storing
        let stored = threads.runIfActive(eventLoop: context.eventLoop) { [directory] in
            var mail = Array("X-Envelope-From: \(envelope.from)\r\n".utf8)
            for recipient in envelope.recipients { mail += "X-Envelope-To: \(recipient)\r\n".utf8 }
            mail += MessageEnd.unstuffed(message.readableBytesView)
            try directory.store(mail)
        }
        stored.assumeIsolated().whenComplete { result in
            switch (result, behaviour) {
            case (.success, .dropReply):
                self.mode = .closing
                context.close(promise: nil)
            case (.success, .delay(let milliseconds)):
                context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
                    self.finish("250 2.0.0 caught", context)
                }
            case (.success, _): self.finish("250 2.0.0 caught", context)
            case (.failure(let error), _):
                self.logger.error("A mail could not be stored", metadata: ["reason": "\(error)"])
                self.finish("451 4.3.0 cannot store", context)
            }
        }
    }

    private func finish(_ text: String, _ context: ChannelHandlerContext) {
        mode = .commands
        reply(text)
        if isStopping { close(context, saying: "421 4.3.2 the catcher ends") } else { work(context) }
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
