/// What went wrong between us and the broker.
///
/// `description` is safe to log: it holds the broker's own words and queue names, never addresses or passwords.
public struct AMQPError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; says what the caller may do next.
    public enum Code: String, Sendable, CaseIterable {
        /// The URL or an argument cannot be used.
        case invalidConfiguration
        /// The broker could not be reached, or did not finish the handshake in time.
        case unreachable
        /// The broker refused the credentials, the virtual host or the operation (403, 530).
        case accessRefused
        /// The TLS handshake failed, or the certificate is not trusted.
        case tlsFailed
        /// The connection ended; the outcome of what was under way is unknown.
        case connectionLost
        /// The connection was closed by us.
        case closed
        /// The broker closed the channel for a reason without a code of its own here.
        case channelClosed
        /// The queue or exchange does not exist (404).
        case notFound
        /// A declaration differs from what exists, or a protocol rule was broken (406).
        case preconditionFailed
        /// The broker found no queue for a published body (basic.return); it is not stored.
        case returned
        /// The broker refused a published body (basic.nack), as a full queue does.
        case nacked
        /// No room in the publish window before the deadline; the body was never sent.
        case overloaded
        /// The broker has blocked publishers (a memory or disk alarm); the body or the request was never sent.
        case blocked
        /// Sent, but not confirmed before the deadline; the outcome is unknown.
        case unconfirmed
        /// The broker cancelled the consumer: its queue was deleted, or its leader moved away.
        case consumerCancelled
    }

    public var code: Code
    /// A constant sentence, or the broker's reply text.
    public var message: String
    public var file: String
    public var line: Int

    public init(_ code: Code, _ message: String, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
    }

    /// Whether the same call may succeed later without anybody changing anything.
    public var isTransient: Bool {
        switch code {
        case .unreachable, .connectionLost, .closed, .channelClosed, .nacked, .overloaded, .blocked, .unconfirmed,
            .consumerCancelled:
            true
        case .invalidConfiguration, .accessRefused, .tlsFailed, .notFound, .preconditionFailed, .returned:
            false
        }
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
