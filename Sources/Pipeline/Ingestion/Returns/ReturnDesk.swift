import Contracts
public import Links
public import Logging
public import MailReception
public import Messaging
import Metrics
public import Model
import Transit

/// Takes mails that come back, or that people write to unsubscribe, and gives what they say to the queue `returns`: whoever
/// sent one is told that it is here once the broker has it.
public struct ReturnDesk: Sendable {
    private let tokens: MailTokens
    private let publisher: Publisher
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    public init(
        tokens: MailTokens, publisher: Publisher, now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.tokens = tokens
        self.publisher = publisher
        self.now = now
        self.logger = logger
    }

    /// Whether an address names a message of ours, by a token that only we can have made.
    public func knows(_ address: String) -> Bool { tokens.read(address) != nil }

    /// Reads a mail, and keeps what it says.
    @concurrent public func take(_ mail: ReceivedMail) async -> ReceptionAnswer {
        for recipient in mail.recipients {
            guard let (purpose, mark) = tokens.read(recipient) else { continue }
            let returned = ReturnedMail(
                mail.bytes, to: mark, isUnsubscribing: purpose == .unsubscribe, hasReturnPath: !mail.from.isEmpty,
                receivedAt: now(), means: "smtp")
            do {
                try await publisher.publish(returned.encoded, to: .returns, lane: .live)
                Counter(label: "loods_ingest_returned_total", dimensions: [("kind", returned.kind.word)]).increment()
            } catch {
                logger.warning("mail that comes back waits with its senders", metadata: ["reason": "\(error)"])
                return .later
            }
        }
        return .taken
    }
}
