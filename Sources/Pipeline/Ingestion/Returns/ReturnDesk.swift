import Contracts
public import Links
public import Logging
public import MailReception
import Metrics
public import Model
import Transit

/// Takes mails that come back, or that people write to unsubscribe, and gives what they say to the queue `returns`: whoever
/// sent one is told that it is here once the broker has it.
///
/// Mail to `postmaster` and `abuse` is taken too. A report there by which somebody calls a mail of ours spam (RFC 5965) counts
/// as one that came back; the rest is counted, and not kept.
public struct ReturnDesk: Sendable {
    private let tokens: MailTokens
    private let keep: @Sendable ([UInt8]) async throws -> Void
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// - Parameter keep: gives a body to the queue; returns once it is safe there.
    public init(
        tokens: MailTokens, now: @escaping @Sendable () -> Timestamp, logger: Logger,
        keep: @escaping @Sendable ([UInt8]) async throws -> Void
    ) {
        self.tokens = tokens
        self.keep = keep
        self.now = now
        self.logger = logger
    }

    /// Whether an address names a message of ours, by a token that only we can have made, or is one that every host has.
    public func knows(_ address: String) -> Bool { tokens.read(address) != nil || StandingMailbox(address) != nil }

    /// Reads a mail, and keeps what it says.
    @concurrent public func take(_ mail: ReceivedMail) async -> ReceptionAnswer {
        do {
            for recipient in mail.recipients {
                guard let (purpose, mark) = tokens.read(recipient) else { continue }
                try await keep(returned(mail, of: mark, isUnsubscribing: purpose == .unsubscribe))
            }
            for mailbox in Set(mail.recipients.compactMap { StandingMailbox($0) }) { try await take(mail, at: mailbox) }
            return .taken
        } catch {
            logger.warning("mail that comes back waits with its senders", metadata: ["reason": "\(error)"])
            return .later
        }
    }

    private func take(_ mail: ReceivedMail, at mailbox: StandingMailbox) async throws {
        let complaint = tokens.search(mail.bytes).map { returned(mail, of: $0, isUnsubscribing: false) }
            .flatMap { $0.kind == .complaint ? $0 : nil }
        if let complaint { try await keep(complaint) }
        Counter(label: "loods_ingest_mailbox_mails_total", dimensions: [("mailbox", mailbox.rawValue)]).increment()
        logger.info(
            "mail to a mailbox of the host was taken",
            metadata: ["mailbox": "\(mailbox.rawValue)", "complaint": "\(complaint != nil)"])
    }

    private func returned(_ mail: ReceivedMail, of mark: MessageMark, isUnsubscribing: Bool) -> ReturnedMail {
        ReturnedMail(
            mail.bytes, to: mark, isUnsubscribing: isUnsubscribing, hasReturnPath: !mail.from.isEmpty,
            receivedAt: now(), means: "smtp")
    }

    private func keep(_ returned: ReturnedMail) async throws {
        try await keep(returned.encoded)
        Counter(label: "loods_ingest_returned_total", dimensions: [("kind", returned.kind.word)]).increment()
    }
}
