import Logging
import Metrics
import Model
import Postgres
import SendGate
import Store
import Synchronization
import Transit

/// Pauses journeys of whose marketing too much comes back, or is complained of (``ReturnLimits``).
///
/// It looks when something has come back, outside the transaction that records it: whatever it misses by a crash it sees at the
/// next. Counting may read many messages, so it rests a hundred times as long as that took.
final class ReturnWatch: Sendable {
    private static let pauses = "loods_journeys_paused_total"

    private let worker: Worker
    private let next = Mutex<[Pauses.Place: ContinuousClock.Instant]>([:])

    init(worker: Worker) {
        self.worker = worker
        // So that there is something to grow from.
        Counter(label: Self.pauses).increment(by: 0)
    }

    /// Looks at the journeys of messages of which something has come back.
    func look(at messages: some Sequence<Message>) async {
        let places = Set(
            messages.lazy.filter { $0.topic != nil && $0.channel == .email }.map {
                Pauses.Place(workspace: $0.contact.workspace, journey: $0.journey)
            })
        for place in places where isDue(place) {
            let start = ContinuousClock.now
            do { try await look(at: place) } catch { worker.note(error, "what came back of a journey is not counted") }
            let rest = max(.seconds(10), (ContinuousClock.now - start) * 100)
            next.withLock { $0[place] = .now + rest }
        }
    }

    /// Whether it has rested, and nobody else looks.
    private func isDue(_ place: Pauses.Place) -> Bool {
        next.withLock { next in
            if let instant = next[place], instant > .now { return false }
            next[place] = .now + .seconds(600)
            return true
        }
    }

    private func look(at place: Pauses.Place) async throws {
        let definitions = worker.definitions
        let reason = try await worker.pool.withRepeatedTransaction { session -> String? in
            let now = try DomainClock.read(in: session)
            guard let live = try definitions.live([place.workspace], in: session)[place.workspace] else { return nil }
            let counts = try JourneyReturns.counts(of: place, since: now - ReturnLimits.window, in: session)
            let (limits, returns) = (
                live.policy.returnLimits, ReturnLimits.Returns(bounces: counts.bounces, complaints: counts.complaints)
            )
            guard let harmless = limits.harmlessAmong(returns) else { return nil }
            let mails = try JourneyReturns.mails(of: place, since: counts.since, most: harmless, in: session)
            guard mails >= ReturnLimits.fewest, mails < harmless else { return nil }
            let reason = limits.words(returns, among: mails)
            let revision = try WorkspaceRegister.revisions(of: [place.workspace], in: session)[place.workspace] ?? 0
            return try JourneyReturns.pause(place, because: reason, revision: revision, now: now, in: session)
                ? reason : nil
        }
        guard let reason else { return }
        Counter(label: Self.pauses).increment()
        worker.logger.error(
            "a journey is paused, since too much of its mail comes back; nothing of it is lost",
            metadata: [
                "workspace": "\(place.workspace)", "journey": "\(place.journey)", "reason": "\(reason)",
                "resume": "loods resume \(place.journey)",
            ])
    }
}
