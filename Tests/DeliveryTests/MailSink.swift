import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A mail server that behaves as a test wants, and keeps what it took over.
final class MailSink: Sendable {
    /// What it may be asked to answer.
    enum Moment: Sendable, Hashable {
        case recipient(String)
        case finalDot(String)
    }

    enum Answer: Sendable {
        case reply(String)
        /// The connection is dropped without a word.
        case drop
        /// Nothing until `release()`; then it accepts.
        case wait
    }

    struct Mail: Sendable {
        /// On the envelope.
        var sender: String
        var recipient: String
        /// The header alone where the sink keeps no more.
        var text: String

        /// The value of a header field, unfolded.
        func header(_ name: String) -> String? {
            let head = text.prefix { _ in true }.split(separator: "\r\n\r\n", maxSplits: 1).first ?? ""
            let lines = head.replacing("\r\n ", with: " ").split(separator: "\r\n")
            return lines.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.utf8.count + 2)) }
        }
    }

    private struct State {
        var mails: [Mail] = []
        var moments: [Moment] = []
        var waiting: [@Sendable () -> Void] = []
    }

    let port: Int
    private let channel: any Channel
    private let state = Mutex(State())
    fileprivate let behaviour: @Sendable (Moment) -> Answer?
    fileprivate let keepsBodies: Bool

    private init(
        _ channel: any Channel, keepsBodies: Bool, _ behaviour: @escaping @Sendable (Moment) -> Answer?
    ) {
        self.channel = channel
        self.keepsBodies = keepsBodies
        self.behaviour = behaviour
        port = channel.localAddress?.port ?? 0
    }

    /// Runs `body` with a server, which is closed afterwards. Where `behaviour` says nothing it accepts.
    ///
    /// - Parameter keepsBodies: whether mails are kept with all their text, and moments at all.
    static func with(
        isolation: isolated (any Actor)? = #isolation, keepsBodies: Bool = true,
        _ behaviour: @escaping @Sendable (Moment) -> Answer? = { _ in nil }, _ body: (MailSink) async throws -> Void
    ) async throws {
        let holder = Mutex<MailSink?>(nil)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let sink = holder.withLock({ $0 }) else { throw ChannelError.ioOnClosedChannel }
                    try channel.pipeline.syncOperations.addHandler(MailSinkHandler(sink))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let sink = MailSink(channel, keepsBodies: keepsBodies, behaviour)
        holder.withLock { $0 = sink }
        do {
            try await body(sink)
        } catch {
            try? await channel.close()
            throw error
        }
        try await channel.close()
    }

    /// What it has accepted, in order.
    var mails: [Mail] { state.withLock { $0.mails } }
    var recipients: [String] { mails.map(\.recipient) }
    /// What it was asked, in order.
    var moments: [Moment] { state.withLock { $0.moments } }

    /// Answers those that wait.
    func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for answer in waiting { answer() }
    }

    fileprivate func answer(_ moment: Moment) -> Answer? {
        if keepsBodies { state.withLock { $0.moments.append(moment) } }
        return behaviour(moment)
    }

    fileprivate func keep(_ mail: Mail) { state.withLock { $0.mails.append(mail) } }
    fileprivate func hold(_ answer: @escaping @Sendable () -> Void) { state.withLock { $0.waiting.append(answer) } }
}

/// One connection of the sink.
private final class MailSinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let sink: MailSink
    private var input = ByteBuffer()
    private var sender = ""
    private var recipient = ""
    private var isReadingBody = false
    /// How much of the input is known to hold no end of a body.
    private var searched = 0

    init(_ sink: MailSink) { self.sink = sink }

    func channelActive(context: ChannelHandlerContext) { write("220 sink", context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        input.writeImmutableBuffer(unwrapInboundIn(data))
        while let part = isReadingBody ? readBody() : readThrough("\r\n") {
            if isReadingBody { take(part, context) } else { obey(part, context) }
        }
        input.discardReadBytes()
    }

    /// The bytes before a mark, which is read as well; nil: it is not there yet.
    private func readThrough(_ mark: StaticString) -> String? {
        let length = mark.utf8CodeUnitCount
        let end = input.withUnsafeReadableBytes { bytes -> Int? in
            guard let start = bytes.baseAddress else { return nil }
            var place = searched
            while place + length <= bytes.count {
                let rest = bytes.count - place - length + 1
                guard let hit = memchr(start + place, Int32(mark.utf8Start.pointee), rest) else { return nil }
                place = UnsafeRawPointer(hit) - start
                if memcmp(hit, mark.utf8Start, length) == 0 { return place }
                place += 1
            }
            return nil
        }
        guard let end else {
            searched = max(0, input.readableBytes - length + 1)
            return nil
        }
        searched = 0
        defer { input.moveReaderIndex(forwardBy: length) }
        return input.readString(length: end)
    }

    private func readBody() -> String? {
        // One that is empty has no line before its dot.
        if input.readableBytesView.starts(with: ".\r\n".utf8) {
            input.moveReaderIndex(forwardBy: 3)
            return ""
        }
        return readThrough("\r\n.\r\n").map { $0 + "\r\n" }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func obey(_ line: String, _ context: ChannelHandlerContext) {
        switch line.prefix(4) {
        case "EHLO": write("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES", context)
        case "MAIL":
            sender = Self.path(line)
            write("250 2.0.0 ok", context)
        case "RCPT":
            recipient = Self.path(line)
            respond(to: .recipient(recipient), context) {}
        case "DATA":
            isReadingBody = true
            write("354 go on", context)
        case "QUIT":
            write("221 bye", context)
            context.close(promise: nil)
        default: write("250 2.0.0 ok", context)
        }
    }

    private static func path(_ line: String) -> String {
        String(line.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" })
    }

    private func take(_ body: String, _ context: ChannelHandlerContext) {
        isReadingBody = false
        var text = body
        if !sink.keepsBodies, let end = body.utf8.firstRange(of: "\r\n\r\n".utf8) {
            text = String(decoding: body.utf8[..<end.upperBound], as: UTF8.self)
        }
        if text.utf8.first == UInt8(ascii: ".") { text.removeFirst() }
        text.replace("\r\n.", with: "\r\n")
        let mail = MailSink.Mail(sender: sender, recipient: recipient, text: text)
        respond(to: .finalDot(recipient), context) { [sink] in sink.keep(mail) }
    }

    private func respond(
        to moment: MailSink.Moment, _ context: ChannelHandlerContext, accepted: @escaping @Sendable () -> Void
    ) {
        switch sink.answer(moment) {
        case nil:
            accepted()
            write("250 2.0.0 ok", context)
        case .reply(let text): write(text, context)
        case .drop: context.close(promise: nil)
        case .wait:
            let channel = context.channel
            sink.hold {
                accepted()
                channel.writeAndFlush(ByteBuffer(string: "250 2.0.0 ok\r\n"), promise: nil)
            }
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
    }
}
