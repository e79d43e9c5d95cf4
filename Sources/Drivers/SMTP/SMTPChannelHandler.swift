import NIOCore
import NIOPosix
import NIOSSL

/// Carries out on a channel what the session decides. Lives on its event loop.
final class SMTPChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Who is to be told, in order of a connection's life. At most one at a time.
    private enum Waiter {
        case nobody
        case readiness(EventLoopPromise<Void>)
        case preparation(EventLoopPromise<Void>, MessageBody)
        case outcome(EventLoopPromise<SMTPOutcome>)
    }

    private let status: SMTPConnection.Status
    private let timeouts: SMTPTimeouts
    private let makeTLSHandler: () throws -> NIOSSLClientHandler
    private var session: SMTPSession
    private var parser = ReplyParser()
    private var waiter: Waiter
    private var context: ChannelHandlerContext?
    private var deadline: NIODeadline?
    private var timer: (fires: NIODeadline, task: Scheduled<Void>)?

    init(
        _ configuration: SMTPConfiguration, status: SMTPConnection.Status, ready: EventLoopPromise<Void>,
        makeTLSHandler: @escaping () throws -> NIOSSLClientHandler
    ) {
        self.status = status
        self.makeTLSHandler = makeTLSHandler
        timeouts = configuration.timeouts
        session = SMTPSession(configuration)
        waiter = .readiness(ready)
    }

    // MARK: - Wishes, on the event loop

    func prepare(_ envelope: SMTPEnvelope, _ body: MessageBody, _ promise: EventLoopPromise<Void>) {
        waiter = .preparation(promise, body)
        perform(
            session.start(
                SMTPSession.Delivery(
                    envelope: envelope, size: body.bytes.count, hasEightBitBytes: body.hasEightBitBytes)))
    }

    func commit(_ promise: EventLoopPromise<SMTPOutcome>) {
        waiter = .outcome(promise)
        perform(session.commit())
    }

    func quit() { perform(session.quit()) }

    // MARK: - Events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { perform(session.begin()) }
    }

    func channelActive(context: ChannelHandlerContext) { perform(session.begin()) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.append(unwrapInboundIn(data).readableBytesView)
        do {
            // TLS clears the parser while replies are read, so none from before it is taken for one after it.
            while !status.isOver, let reply = try parser.next() { perform(session.received(reply)) }
        } catch {
            perform(session.fail(.malformedReply, cause: error.cause))
        }
    }

    func channelInactive(context: ChannelHandlerContext) { perform(session.fail(.connectionLost)) }

    func handlerRemoved(context: ChannelHandlerContext) {
        perform(session.fail(.connectionLost))
        timer?.task.cancel()
        timer = nil
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOSSLError.uncleanShutdown: perform(session.fail(.connectionLost))
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            perform(session.fail(.tlsFailed, cause: "\(type(of: error))"))
        default: perform(session.fail(.connectionLost, cause: "\(type(of: error))"))
        }
    }

    // MARK: - Deeds

    private func perform(_ action: SMTPSession.Action) {
        switch action {
        case .send(let bytes, let phase): send(bytes, phase)
        case .awaitReply(let phase): arm(phase)
        case .secureAndSend(let bytes, let phase): secure(thenSend: bytes, phase)
        case .becomeReady, .tellPrepared: succeed()
        case .sendBody: sendBody()
        case .tellRejected(let error):
            arm(.idle)
            tell(error)
        case .tellOutcome(let outcome):
            arm(.idle)
            tell(outcome)
        case .tellOutcomeAndClose(let outcome):
            close()
            tell(outcome)
        case .fail(let error):
            close()
            tell(error)
        case .close: close()
        case .nothing: break
        }
    }

    private func send(_ bytes: [UInt8], _ phase: SMTPPhase) {
        guard let context else { return }
        arm(phase)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    private func secure(thenSend bytes: [UInt8], _ phase: SMTPPhase) {
        guard let context else { return }
        parser.discardAll()
        do {
            try context.pipeline.syncOperations.addHandler(makeTLSHandler(), position: .first)
        } catch {
            perform(session.fail(.tlsFailed, cause: "\(type(of: error))"))
            return
        }
        // Held by the TLS handler until the handshake is done.
        send(bytes, phase)
    }

    private func sendBody() {
        guard let context, case .preparation(_, let body) = waiter else { return }
        arm(.body)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { self.perform(self.session.bodySent()) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: body.bytes)), promise: written)
    }

    private func close() {
        status.end()
        deadline = nil
        context?.close(promise: nil)
    }

    // MARK: - Telling

    private func succeed() {
        // What follows is ours to begin; servers wait five minutes for it (RFC 5321, section 4.5.3.2.7).
        arm(.mail)
        switch takeWaiter() {
        case .readiness(let promise), .preparation(let promise, _): promise.succeed()
        case .nobody, .outcome: break
        }
    }

    private func tell(_ error: SMTPError) {
        switch takeWaiter() {
        case .readiness(let promise), .preparation(let promise, _): promise.fail(error)
        case .outcome(let promise): promise.succeed(.deferred(error))
        case .nobody: break
        }
    }

    private func tell(_ outcome: SMTPOutcome) {
        if case .outcome(let promise) = takeWaiter() { promise.succeed(outcome) }
    }

    private func takeWaiter() -> Waiter {
        defer { waiter = .nobody }
        return waiter
    }

    // MARK: - Time

    /// Lets `phase` last as long as it may from now. One timer serves all: it looks at the deadline when it fires.
    private func arm(_ phase: SMTPPhase) {
        guard let context else { return }
        let deadline = NIODeadline.now() + TimeAmount(timeouts.limit(for: phase))
        self.deadline = deadline
        if let timer, timer.fires <= deadline { return }
        timer?.task.cancel()
        schedule(at: deadline, context)
    }

    private func schedule(at time: NIODeadline, _ context: ChannelHandlerContext) {
        timer = (time, context.eventLoop.assumeIsolated().scheduleTask(deadline: time) { self.timerFired() })
    }

    private func timerFired() {
        timer = nil
        guard let deadline, let context else { return }
        if NIODeadline.now() < deadline {
            schedule(at: deadline, context)
        } else if session.phase == .idle {
            quit()
        } else {
            perform(session.fail(.timedOut))
        }
    }
}
