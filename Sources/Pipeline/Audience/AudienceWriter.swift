public import Contracts
import CrashPoints
import Expressions
public import Messaging
import Metrics
public import Model
import Postgres
import Store
public import Transit
import Workspaces

/// Makes accepted events facts: log, contacts, attributes, consents, scores and stages, and signals what it led to.
///
/// One transaction a batch. Every effect has a natural key, so a batch that comes twice changes nothing.
public struct AudienceWriter: Sendable {
    private let worker: Worker
    private let fresh = Counter(label: "loods_events_stored_total")
    private let untracked = Counter(label: "loods_events_untracked_total")
    private let erased = Counter(label: "loods_events_erased_total")
    private let repeated = Counter(label: "loods_events_repeated_total")
    private let setAside = Counter(label: "loods_set_aside_total", dimensions: [("queue", "events")])
    private let tally = AudienceTally()
    let merges = RememberedMerges()
    private let rules: RulesCache

    public init(worker: Worker) {
        self.worker = worker
        rules = RulesCache(worker.definitions)
    }

    /// Applies events, and marks bodies as arrived in the same transaction.
    public func apply(_ events: ArraySlice<AcceptedEvent>, arriving flights: [UniqueID], lane: Lane) async throws {
        CrashItem.event.handle(events.lazy.map(\.name))
        let robots = events.filter(\.isRobots)
        let people = robots.isEmpty ? events : events.filter { !$0.isRobots }[...]
        let (result, living) = try await known(people, and: robots, arriving: flights, lane: lane)
        fresh.increment(by: result.fresh)
        untracked.increment(by: result.untracked)
        tally.add(result.account)
        erased.increment(by: events.count - living + result.erased)
        repeated.increment(by: living - result.fresh - result.untracked - result.erased - result.late)
        if result.late > 0 { setAside.increment(by: result.late) }
        await worker.relay.publish(result.outbox)
    }

    /// Writes events, making first what their names stand for; somebody may be erased in between.
    ///
    /// - Returns: how many of the events were not of before somebody's erasure, as far as that was found before.
    private func known(
        _ events: ArraySlice<AcceptedEvent>, and robots: [AcceptedEvent], arriving flights: [UniqueID], lane: Lane
    ) async throws -> (result: AudienceBatch.Result, living: Int) {
        let key = worker.erasureKey
        var living = events
        for _ in 0..<4 {
            do {
                let result = try await write(living, and: robots, arriving: flights, lane: lane)
                return (result, living.count + robots.count)
            } catch let strangers as LockedSubjects.Strangers {
                let theirs = living.filter { strangers.isMentioned(by: $0) }
                let kept = try await worker.pool.withRepeatedTransaction { session in
                    try ContactIntake.ensure(theirs[...], knowingErasedBy: key, in: session)
                }
                living = living.filter { !strangers.isMentioned(by: $0) } + kept
                CrashPoint.scoringAfterIdentities.pass()
            } catch let error as PostgresError where error.constraint == "past_retention" {
                // A part of the log was sealed meanwhile: now the horizon says so.
                continue
            }
        }
        let result = try await write(living, and: robots, arriving: flights, lane: lane)
        return (result, living.count + robots.count)
    }

    private func write(
        _ events: ArraySlice<AcceptedEvent>, and robots: [AcceptedEvent], arriving flights: [UniqueID], lane: Lane
    ) async throws -> AudienceBatch.Result {
        let (cache, clock, key, merges, rules) = (worker.definitions, worker.clock, worker.erasureKey, merges, rules)
        return try await worker.pool.withRepeatedTransaction { session in
            let batch = AudienceBatch(
                lane: lane, merges: merges, rules: rules, definitions: cache, machineNow: clock.now, session: session)
            let robots = try RobotEvents.kept(robots, knowingErasedBy: key, in: session)
            return try batch.apply(events, and: robots, arriving: flights)
        }
    }
}

extension LockedSubjects.Strangers {
    fileprivate func isMentioned(by event: AcceptedEvent) -> Bool {
        subjects.contains(event.subjectKey)
            || !event.aliases.isEmpty && event.linkedSubjects.contains(where: subjects.contains)
    }
}
