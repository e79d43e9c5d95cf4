import Logging
import Metrics
import Model
import Postgres
import SendGate
import Store
import Synchronization
import Transit
import Workspaces

/// Pauses journeys of whose marketing too much comes back, or is complained of (``ReturnLimits``).
///
/// It looks when something has come back, outside the transaction that records it and beside whoever has recorded it: whatever
/// it misses by a crash it sees at the next return. Counting may read many messages, so it rests a hundred times as long as that
/// took; what comes back meanwhile it sees then.
final class ReturnWatch: Sendable {
    private static let pauses = "loods_journeys_paused_total"

    private let worker: Worker
    /// The journeys that are looked at, or were just now; with whether something has come back since.
    private let asked = Mutex<[Pauses.Place: Bool]>([:])

    init(worker: Worker) {
        self.worker = worker
        // So that there is something to grow from.
        Counter(label: Self.pauses).increment(by: 0)
    }

    /// Has the journeys of messages looked at of which something has come back.
    func look(at messages: some Sequence<Message>) {
        let places = Set(
            messages.lazy.filter { $0.topic != nil && $0.channel == .email }.map {
                Pauses.Place(workspace: $0.contact.workspace, journey: $0.journey)
            })
        for place in places where begins(with: place) {
            // Awaited by nobody: mails go on meanwhile, and what the end of the process cuts off the next return brings about.
            Task { await watch(place) }
        }
    }

    /// Whether nobody looks at it yet; else whoever does is asked to look again.
    private func begins(with place: Pauses.Place) -> Bool {
        asked.withLock { asked in
            defer { asked[place] = asked[place] != nil }
            return asked[place] == nil
        }
    }

    /// Looks until nothing more has come back.
    private func watch(_ place: Pauses.Place) async {
        repeat {
            let start = ContinuousClock.now
            do { try await look(at: place) } catch { worker.note(error, "what came back of a journey is not counted") }
            let rest = max(.seconds(1), (ContinuousClock.now - start) * 100)
            do { try await Task.sleep(for: rest) } catch { return }
        } while asked.withLock { asked in
            let isAsked = asked[place] == true
            asked[place] = isAsked ? false : nil
            return isAsked
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
