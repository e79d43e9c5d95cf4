import Contracts
import Logging
import Messaging
import Model
import Postgres
import ServiceLifecycle
import Store
import Transit

/// Keeps marketing back until the withdrawals that the edge recorded during an outage have been applied.
///
/// Closed when the mailer starts and whenever the store fails anything in this process (`GuardedStore`). Then it lets a
/// *barrier* travel through the queue `withdrawals`, published only once the store answers again; whichever mailer takes
/// from that queue notes its passing in the store, in the transaction that applies what came before it. The gate opens when
/// it finds that note and nothing has closed it since.
///
/// **The guarantee**: a withdrawal that the broker had confirmed when the store answered this process again is applied
/// before this process claims or hands over anything with a topic. It rests on the queue, which has a single active
/// consumer and is handled strictly in order (`OrderedConsumer`): what that consumer holds unacknowledged stands before the
/// barrier, and if it dies, or gives back what it holds, the broker hands all of it, still before the barrier, to the next.
/// No count of what waits is needed, which would leave out what consumers hold. A withdrawal that is recorded later, by an
/// edge whose own connection is not back yet, is applied as it arrives.
actor WithdrawalGate {
    private let worker: Worker
    private(set) var isOpen = false
    /// Counts the closings: who opens it says which was the last that he knew of.
    private(set) var closings = 0
    private var lastOutage: ContinuousClock.Instant?

    /// After this another barrier is sent, in case one was lost to a mailer that died; any of them will do.
    private static let patience = Duration.seconds(5)
    private static let pause = Duration.milliseconds(50)

    init(worker: Worker) { self.worker = worker }

    /// The store was away: what was recorded meanwhile goes first.
    ///
    /// - Parameter outage: whether it was away for so long, or with such effect, that claims may have run out for it.
    func close(after outage: Bool = true) {
        closings += 1
        isOpen = false
        if outage { lastOutage = .now }
    }

    /// Whether there was no outage for so long.
    func hasRested(for time: Duration) -> Bool { lastOutage.map { $0 + time < .now } ?? true }

    /// Opens it, unless it was closed again since `closings` was read.
    func open(after closings: Int) {
        guard closings == self.closings, !isOpen else { return }
        isOpen = true
        worker.logger.debug("marketing may be claimed")
    }

    /// Opens it whenever it is closed, until graceful shutdown or cancellation.
    func run() async {
        await every(Self.pause) {
            // What ends here is tried again at the next tick.
            if await !self.isOpen { try? await cancelWhenGracefulShutdown { try await self.pass() } }
        }
    }

    private func pass() async throws {
        let closings = closings
        do {
            var barriers: [UniqueID] = []
            repeat { barriers.append(try await sendBarrier()) } while try await !comesThrough(barriers)
        } catch {
            worker.logger.debug("marketing is kept back", metadata: ["reason": "\(error)"])
            if isOutage(error) { close() }
            throw error
        }
        open(after: closings)
    }

    private func sendBarrier() async throws -> UniqueID {
        // Once the store answers: whoever could not reach it has recorded his withdrawal by now, or can reach it again.
        _ = try await worker.pool.withTransaction { try DomainClock.read(in: $0) }
        let barrier = WithdrawalBarrier(id: .random())
        try await worker.publisher.publish(barrier.encoded, to: .withdrawals, lane: .live)
        return barrier.id
    }

    /// Whether one of them comes through before patience is lost.
    private func comesThrough(_ barriers: [UniqueID]) async throws -> Bool {
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if try await worker.pool.withConnection({ try Barriers.take(barriers, in: $0) }) { return true }
            try await Task.sleep(for: Self.pause)
        }
        return false
    }
}
