import AMQP

/// Why a body could not be published, or a broker not be asked. `description` is safe to log.
public struct MessagingError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// The broker's URL cannot be used.
        case invalidConfiguration
        /// The broker cannot be reached, or refuses us.
        case away
        /// No room before the deadline: too much is unconfirmed, or the broker has blocked publishers. Not published.
        case overloaded
        /// The broker refused the body, as a full queue does. Not published.
        case refused
        /// The queue did not exist. Not published; the queues have been declared again.
        case unroutable
        /// Sent, but the confirm did not come: the outcome is unknown, and publishing it again is right.
        case unconfirmed
        /// The body is larger than ``Publisher/bodyLimit``.
        case tooLarge
        /// The publisher was shut down.
        case closed
        /// A queue exists with other arguments than ours.
        case topologyDiffers
    }

    public var code: Code
    public var message: String
    public var file: String
    public var line: Int

    public init(_ code: Code, _ message: String, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
    }

    /// Whether the same call may succeed later; a body that is published twice must be harmless.
    public var isTransient: Bool {
        switch code {
        case .away, .overloaded, .refused, .unroutable, .unconfirmed, .closed: true
        case .invalidConfiguration, .tooLarge, .topologyDiffers: false
        }
    }

    public var description: String { "\(code.rawValue): \(message)" }

    init(_ error: AMQPError) {
        self.init(Code(error.code), error.message, file: error.file, line: error.line)
    }
}

extension MessagingError.Code {
    fileprivate init(_ code: AMQPError.Code) {
        switch code {
        case .invalidConfiguration: self = .invalidConfiguration
        case .unreachable, .accessRefused, .tlsFailed, .notFound, .consumerCancelled: self = .away
        case .connectionLost, .channelClosed, .unconfirmed, .closed: self = .unconfirmed
        case .preconditionFailed: self = .topologyDiffers
        case .returned: self = .unroutable
        case .nacked: self = .refused
        case .overloaded, .blocked: self = .overloaded
        }
    }
}
