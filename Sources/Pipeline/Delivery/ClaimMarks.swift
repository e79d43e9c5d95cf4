import Contracts
import Logging
import Messaging
import Postgres
import Store
import Transit

/// Tells the broker how far mailers have claimed, before anything of those claims is handed over.
///
/// So whatever was sent, the broker knows a mark that a store must have reached to know of it. One round covers all claims
/// that were committed when it began. While the broker is away mails go all the same, uncovered: only a store that loses
/// commits during the same outage would not be found out.
struct ClaimMarks: Sendable {
    private static let patience = Duration.milliseconds(1_500)
    private let rounds: Coalescer<Void, Void>
    private let logger: Logger

    init(worker: Worker, lineage: LineageWatch) {
        logger = worker.logger
        rounds = Coalescer(limit: 1_000) { requests in
            let mark = try await worker.pool.withRepeatedTransaction { try Lineages.advance(in: $0) }
            await lineage.note(mark)
            if !worker.publisher.isKnownUnusable {
                try await worker.publisher.publish(
                    ClaimMark(number: mark.number, at: mark.at).encoded, to: .marks, lane: .live,
                    timeout: Self.patience)
            }
            return requests.map { _ in () }
        }
    }

    /// Returns once the broker knows of all claims committed before this call, or cannot be told.
    func cover() async {
        do {
            try await rounds.submit(())
        } catch {
            logger.debug("claims are not covered by a mark", metadata: ["reason": "\(error)"])
        }
    }
}
