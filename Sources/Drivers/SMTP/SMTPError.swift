/// Why a mail was not handed over.
///
/// `description` holds codes and the server's text without addresses, so it is safe to log.
public struct SMTPError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// An argument (address, host name, credential) that no command may carry.
        case invalidArgument
        case connectFailed
        case connectionLost
        case timedOut
        /// The server's answer breaks the protocol.
        case malformedReply
        /// The server's answer is a refusal.
        case refused
        /// TLS is required, or needed for the credentials, and the server does not offer it.
        case tlsUnavailable
        case tlsFailed
        /// Credentials are set and the server offers no mechanism that we know.
        case authenticationUnavailable
        /// The message is larger than the server takes.
        case messageTooLarge
        /// The message has 8-bit bytes and the server takes 7-bit only.
        case eightBitUnsupported
        /// The task that prepared the delivery was cancelled, or the final dot came too late.
        case cancelled
        /// The pool is shut down.
        case shutDown
        /// The delivery was already committed or abandoned.
        case alreadySettled
    }

    public var code: Code
    public var phase: SMTPPhase
    /// The answer that was the refusal.
    public var reply: SMTPReply?
    /// What lies beneath, in words that are safe to log.
    public var cause: String?

    public init(_ code: Code, _ phase: SMTPPhase, reply: SMTPReply? = nil, cause: String? = nil) {
        self.code = code
        self.phase = phase
        self.reply = reply
        self.cause = cause
    }

    /// Whether it speaks of this message only: another message may go over the same connection.
    public var concernsMessage: Bool {
        switch code {
        case .invalidArgument: phase == .mail || phase == .recipient
        case .messageTooLarge, .eightBitUnsupported, .alreadySettled: true
        case .refused: refusalConcernsMessage
        case .connectFailed, .connectionLost, .timedOut, .malformedReply, .tlsUnavailable, .tlsFailed,
            .authenticationUnavailable, .cancelled, .shutDown:
            false
        }
    }

    /// Whether it speaks of the connection or the server: no message is to blame.
    public var concernsConnection: Bool { !concernsMessage }

    /// Whether trying again later may help without anybody changing anything.
    public var isTransient: Bool {
        switch code {
        case .connectFailed, .connectionLost, .timedOut, .malformedReply, .tlsFailed, .cancelled, .shutDown: true
        case .refused: reply.map { !$0.isPermanentRefusal } ?? true
        case .invalidArgument, .tlsUnavailable, .authenticationUnavailable, .messageTooLarge, .eightBitUnsupported,
            .alreadySettled:
            false
        }
    }

    private var refusalConcernsMessage: Bool {
        guard let reply, !reply.closesConnection else { return false }
        // 530 and its kin at MAIL ask for TLS or authentication (RFC 3207, RFC 4954): a matter of settings.
        if [530, 534, 535, 538].contains(reply.code) { return false }
        switch phase {
        case .mail, .recipient, .data, .body, .finalDot: return true
        case .connect, .greeting, .hello, .startTLS, .authentication, .reset, .quit, .idle: return false
        }
    }

    public var description: String {
        var text = "\(code.rawValue) in \(phase.rawValue)"
        if let reply {
            text += ": \(reply.code)"
            // The text begins with the enhanced code where there is one.
            if !reply.text.isEmpty { text += " \(reply.loggableText)" }
        }
        if let cause { text += ": \(cause)" }
        return text
    }
}
