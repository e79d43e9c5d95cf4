public import Logging
import SMTP

/// Sends mails that nobody planned, by the relays that mailers use; nothing of it is recorded.
public struct TestPosting: Sendable {
    /// What came of a mail.
    public enum Outcome: Sendable, Hashable {
        /// A relay has taken it, with its words.
        case accepted(String)
        /// It was refused, by its words, for now or for good.
        case refused(String, isTransient: Bool)
        /// No relay could be spoken to.
        case failed(String)
        /// The connection broke at its end: it may be on its way.
        case unknown(String)
    }

    private let relays: Relays

    public init(_ settings: [RelaySettings], logger: Logger) {
        relays = Relays(settings, watch: RelayWatch(of: settings.map(\.name), logger: logger), logger: logger)
    }

    /// Hands one over, and waits for the answer.
    public func send(_ letter: SampleLetter) async -> Outcome {
        let begun = ContinuousClock.now
        let prepared: Relays.Prepared
        do {
            prepared = try await relays.prepare(try SMTPEnvelope(from: letter.from, to: letter.to), letter.data)
        } catch {
            return Outcome(error)
        }
        let outcome = await prepared.delivery.commit()
        await relays.settled(prepared, outcome, begun: begun)
        return switch outcome {
        case .accepted(let reply): .accepted("\(reply.code) \(reply.text)")
        case .deferred(let error), .refused(let error): Outcome(error)
        case .unknown(let error): .unknown("\(error)")
        }
    }

    /// Takes leave of the relays.
    public func shutdown() async { await relays.shutdown() }
}

extension TestPosting.Outcome {
    fileprivate init(_ error: SMTPError) {
        guard let reply = error.reply else {
            self = .failed("\(error)")
            return
        }
        self = .refused("\(reply.code) \(reply.text)", isTransient: reply.isTransientRefusal)
    }
}
