import JourneyProgram
import Model
import Postgres
import Store
import Transit

/// Runs whose turn it is begin: as many as their journey's throttle allows, in the order in which they came.
extension JourneyBatch {
    struct Turn: Sendable {
        var result = Result()
        var place: Pauses.Place
        /// Runs that were looked at.
        var runs = 0
        /// Why it was put off, where it was.
        var fault: String?
    }

    /// How long a journey's runs wait that this build cannot begin, while others go on.
    private static let rest = Span.minutes(1)

    /// - Parameters:
    ///   - limit: how many runs begin at most.
    ///   - meeting: is told whose they are, before anything can fail.
    /// - Returns: nil where nobody's turn has come.
    func takeTurns(limit: Int32, meeting: (Pauses.Place) -> Void = { _ in }) throws -> Turn? {
        let clock = try DomainClock.reading(in: session)
        guard var standing = try Turns.take(at: clock.now, in: session) else { return nil }
        meeting(standing.place)
        let workspace = standing.place.workspace
        var programs = Programs(definitions, in: session)
        do {
            try programs.takeEntries(in: [workspace])
        } catch  where error is DefinitionsError || error is ProgramError || error is StoreError {
            standing.nextAt = clock.now + Self.rest
            try Turns.save(standing, machineNow: machineNow, in: session)
            return Turn(place: standing.place, fault: "\(error)")
        }
        // A journey that takes no entries any more has let its last ones in as it said then.
        let throttle: Broadcast.Throttle?
        if let live = programs.called(standing.place.journey, in: workspace)?.journey {
            throttle = live.throttle
        } else {
            throttle = try lastThrottle(of: standing, &programs, clock.now)
        }
        let pace = Pace(throttle, next: standing.nextAt, now: clock.now)
        let waiting = try Turns.first(
            of: standing.place, limit: min(limit, max(pace.slots, 0)), at: clock.now, in: session)
        guard !waiting.isEmpty else { return nil }
        try Contacts.lock(Set(waiting.map(\.contact)), in: session)
        var log = StepLog(now: clock.now)
        try heed([workspace], &programs, &log)
        guard !log.paused.contains(standing.place) else { return nil }
        let began = try begin(waiting, &programs, &log)
        standing.nextAt = pace.next(after: began)
        try Turns.save(standing, machineNow: machineNow, in: session)
        let result = try write(log, contacts: waiting.count, clock: clock)
        return Turn(result: result, place: standing.place, runs: waiting.count)
    }

    /// Steps runs whose turn it is, now that the locks are held. What cannot be stepped waits on, and others go before it.
    ///
    /// - Returns: how many of the throttle's places they have taken.
    private func begin(
        _ waiting: [Turns.Waiting], _ programs: inout Programs, _ log: inout StepLog
    ) throws -> Int {
        let turns = Set(waiting.map(\.run))
        let runs = try Runs.open(among: waiting.map { ($0.contact, $0.run) }, in: session).filter {
            $0.waitsSince != nil
        }
        let underWay = try read(runs, &programs, &log)
        try Cast(underWay: underWay, turns: turns, now: log.now, for: self).act(&log, in: session)
        log.setCauses { _ in nil }
        let moved = Set(log.stepped.map(\.id))
        let stuck = runs.filter { !moved.contains($0.id) }
        try Turns.putOff(
            stuck.map { Turns.Waiting(contact: $0.contact, run: $0.id) }, until: log.now + Self.rest, in: session)
        // Who came too late takes nobody's place.
        return log.stepped.count { $0.waitsSince == nil && $0.outcome != Journey.Outcome.exited.rawValue }
    }

    /// What the version says of which the first run is that waits.
    private func lastThrottle(
        of standing: Turns.Standing, _ programs: inout Programs, _ now: Timestamp
    ) throws -> Broadcast.Throttle? {
        let first = try Turns.first(of: standing.place, limit: 1, at: now, in: session)
        guard let run = try Runs.open(among: first.map { ($0.contact, $0.run) }, in: session).first else { return nil }
        // One that cannot be read is told of when it is stepped.
        return (try? programs.program(of: run))?.journey.throttle
    }

    /// Has the one run wait that is first and cannot begin, so that others do.
    func passOverFirst(of place: Pauses.Place) throws {
        let now = try DomainClock.read(in: session)
        let first = try Turns.first(of: place, limit: 1, at: now, in: session)
        try Contacts.lock(Set(first.map(\.contact)), in: session)
        try Turns.putOff(first, until: now + Self.rest, in: session)
    }
}
