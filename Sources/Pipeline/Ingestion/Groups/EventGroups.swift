import CoreMetrics
public import Logging
import Messaging
import Model
public import ServiceLifecycle
import Synchronization
public import Transit

/// Publishes accepted events in self-clocking groups and tells each sender when its events are safe.
///
/// A `Service`: list it after what it publishes by, and before the server that feeds it.
public final class EventGroups: Service {
    /// How much is held, and how patiently.
    public struct Limits: Sendable {
        /// Bytes of events in memory; more is refused as unavailable.
        public var held = 64_000_000
        /// Senders that wait; more are refused as unavailable. Half of the edge's connections, so that the other half is
        /// there for clicks while the broker is away.
        public var senders = 4_000
        /// Bytes of one group.
        public var group = 4_000_000
        /// Bytes that fill a body of the broker: they need not wait for the confirm of the group before.
        public var plenty = Publisher.preferredBodyLimit * 2
        /// Groups that may be unconfirmed together.
        public var groups = 4
        /// How long a sender waits for a broker that is away, in line and with its group together.
        public var patience = Duration.seconds(5)
        /// What a group is given at the least, however long its senders have waited in line.
        public var attempt = Duration.seconds(1)
        /// Between attempts.
        public var pause = Duration.milliseconds(100)

        public init() {}
    }

    struct Entry: Sendable {
        var drafts: DraftEvents
        var size: Int
        var receivedAt: Timestamp
        var since: ContinuousClock.Instant
        /// Who waits for the confirm; nil where nobody does and the events are kept until the broker is back.
        var sender: CheckedContinuation<Void, any Error>?
    }

    let sink: any EventSink
    let stamp: (any GroupStamp)?
    let limits: Limits
    let clock: MachineClock
    let logger: Logger
    let metrics = GroupMetrics()
    let outage: GroupOutage
    private let ledger: Mutex<GroupLedger<Entry>>
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameter stamp: where domain time is stepped; else each request's own receipt is its events'.
    public init(
        sink: any EventSink, stamp: (any GroupStamp)?, clock: MachineClock, limits: Limits = Limits(), logger: Logger
    ) {
        self.sink = sink
        self.stamp = stamp
        self.limits = limits
        self.clock = clock
        self.logger = logger
        outage = GroupOutage(logger: logger)
        ledger = Mutex(
            GroupLedger(
                capacity: limits.held, groupLimit: limits.group, plenty: limits.plenty, atOnce: limits.groups,
                places: limits.senders, size: \.size, isAwaited: { $0.sender != nil }))
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Returns once the broker has confirmed the events.
    ///
    /// - Throws: `EdgeError.unavailable`; whether some of the events are safe is then unknown, and sending all again is
    ///   right.
    func submit(_ drafts: [DraftEvent]) async throws { try await submit(DraftEvents(drafts)) }

    /// The same for events that are in the form of the wire.
    func submit(_ drafts: DraftEvents) async throws {
        guard !drafts.isEmpty else { return }
        try await withCheckedThrowingContinuation { sender in
            if let refusal = admit(drafts, sender) { sender.resume(throwing: refusal) }
        }
    }

    /// Takes an event that nobody waits for, to be published as soon as may be.
    ///
    /// - Returns: false when there is no room for it.
    func offer(_ draft: DraftEvent) -> Bool {
        let isTaken = admit(DraftEvents([draft]), nil) == nil
        if !isTaken { metrics.dropped.increment() }
        return isTaken
    }

    private func admit(_ drafts: DraftEvents, _ sender: CheckedContinuation<Void, any Error>?) -> EdgeError? {
        let entry = Entry(
            drafts: drafts, size: drafts.memory, receivedAt: clock.now, since: .now, sender: sender)
        let (admission, held) = ledger.withLock { ($0.admit(entry), $0.heldBytes) }
        metrics.held.record(held)
        switch admission {
        case .wakes: wake.yield()
        case .gathers: break
        case .full:
            outage.refused(sender == nil ? 0 : 1)
            return EdgeError(.unavailable, "too many events wait to be stored; send them again")
        case .closed: return EdgeError(.unavailable, "the service is being shut down; send the events again")
        }
        return nil
    }

    /// Publishes group after group until graceful shutdown, then what is left.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await self.refuseLate() }
                await withDiscardingTaskGroup { groups in
                    for await _ in wakes { groups.addTask { await self.publishWaiting() } }
                }
                await publishWaiting()
                tasks.cancelAll()
            }
        } onGracefulShutdown: {
            self.end()
        }
        giveUpWaiting()
    }

    /// Takes no more; `run()` returns when what waits is published.
    func end() {
        ledger.withLock { $0.close() }
        wake.finish()
    }

    /// Answers senders whose patience ends while others' groups are tried before theirs.
    private func refuseLate() async {
        while (try? await Task.sleep(for: max(limits.patience / 20, .milliseconds(5)))) != nil {
            let latest = ContinuousClock.now - limits.patience
            // What no group stands before is about to be tried.
            let late = ledger.withLock { $0.isPublishing ? $0.take { $0.sender != nil && $0.since < latest } : [] }
            for entry in late { entry.sender?.resume(throwing: Self.notStored) }
            outage.refused(late.count)
        }
    }

    static var notStored: EdgeError {
        EdgeError(.unavailable, "the events could not be stored; send them again")
    }

    private func giveUpWaiting() {
        let left = ledger.withLock { ledger in
            ledger.close()
            return ledger.drain()
        }
        guard !left.isEmpty else { return }
        for entry in left { entry.sender?.resume(throwing: EdgeError(.unavailable, "the service is being shut down")) }
        logger.error(
            "events that nobody waited for are lost", metadata: ["count": "\(left.count { $0.sender == nil })"])
    }

    private func next() -> [Entry]? {
        let (group, isMore) = ledger.withLock { ($0.begin(), $0.mayBegin) }
        if isMore { wake.yield() }
        return group
    }

    /// Publishes group after group as long as one may begin; what waits then is for whoever ends a group later.
    private func publishWaiting() async {
        while let group = next() {
            let safe = await publish(group)
            let kept = zip(group, safe).filter { $0.sender == nil && !$1 }.map(\.0)
            let held = ledger.withLock { ledger in
                ledger.end(group, keeping: kept)
                return ledger.heldBytes
            }
            metrics.held.record(held)
            // By now there is room for whoever sends on at once.
            answer(group, safe)
            if kept.isEmpty { continue }
            if Task.isCancelled || ledger.withLock({ $0.isClosed }) { return }
            try? await Task.sleep(for: limits.pause)
        }
    }
}
