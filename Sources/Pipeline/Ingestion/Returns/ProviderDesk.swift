import Contracts
public import Links
public import Logging
import Metrics
public import Model
import Transit

/// Takes what providers tell of our mails, once it is signed, and gives it to the queue `returns`.
public struct ProviderDesk: Sendable {
    private let verifiers: [String: WebhookVerifier]
    private let tokens: MailTokens
    private let keep: @Sendable ([UInt8]) async throws -> Void
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// - Parameters:
    ///   - verifiers: by the providers' names.
    ///   - keep: gives a body to the queue; returns once it is safe there.
    public init(
        verifiers: [String: WebhookVerifier], tokens: MailTokens, now: @escaping @Sendable () -> Timestamp,
        logger: Logger,
        keep: @escaping @Sendable ([UInt8]) async throws -> Void
    ) {
        self.verifiers = verifiers
        self.tokens = tokens
        self.keep = keep
        self.now = now
        self.logger = logger
    }

    /// Whether a provider sent a body, lately.
    func verifies(
        _ body: some Collection<UInt8>, from provider: String, id: String, timestamp: String, signatures: String
    ) -> Bool {
        let seconds = now().microseconds / 1_000_000
        return verifiers[provider]?.verifies(body, id: id, timestamp: timestamp, signatures: signatures, at: seconds)
            ?? false
    }

    /// Keeps what is told of mails of ours.
    ///
    /// - Returns: how many reports are of none.
    /// - Throws: `EdgeError` where they cannot be kept at the moment; whoever sent them sends all of them again.
    func take(_ reports: [ProviderReport], from provider: String) async throws(EdgeError) -> Int {
        var unknown = 0
        for report in reports {
            guard let (_, mark) = tokens.read(report.returnPath) else {
                unknown += 1
                continue
            }
            let returned = ReturnedMail(report.event, of: mark, receivedAt: now(), means: provider)
            do {
                try await keep(returned.encoded)
            } catch {
                logger.warning("what providers tell waits with them", metadata: ["reason": "\(error)"])
                throw EdgeError(.unavailable, "it cannot be kept at the moment; send it again")
            }
            Counter(label: "loods_ingest_returned_total", dimensions: [("kind", returned.kind.word)]).increment()
        }
        return unknown
    }
}
