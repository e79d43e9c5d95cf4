import Contracts
import CrashPoints
import JourneyProgram
import Messaging
import Model
import Postgres
import Store
import Transit

/// A part of a broadcast: members of its segment enter as by any other signal, and the place that the walk has come to moves
/// with them.
extension JourneyBatch {
    struct Stride: Sendable {
        var result = Result()
        var members = 0
        var standing: Broadcasts.Standing
        /// Why it was put off, where it was.
        var fault: String?
    }

    /// How long a broadcast waits that this build cannot walk, while others go on.
    private static let rest = Span.minutes(1)

    /// The most of those whom merges have put behind the walk that are let in at its end.
    private static let mostOvertaken: Int32 = 5_000

    /// - Parameters:
    ///   - limit: how many members it goes to at most.
    ///   - place: the only broadcast that is walked; nil: the one that has waited longest.
    ///   - meeting: is told which it is, before anything can fail.
    /// - Returns: nil where nothing is to be walked now.
    func walk(
        limit: Int32, at place: Broadcasts.Place? = nil, meeting: (Broadcasts.Standing) -> Void = { _ in }
    ) throws -> Stride? {
        let clock = try DomainClock.reading(in: session)
        guard var standing = try Broadcasts.take(place, at: clock.now, in: session) else { return nil }
        meeting(standing)
        let (workspace, journey) = (standing.place.workspace, standing.place.journey)
        var programs = Programs(definitions, in: session)
        do {
            try programs.takeEntries(in: [workspace])
        } catch  where error is DefinitionsError || error is ProgramError || error is StoreError {
            // No fault of its members.
            return try putOff(standing, at: clock.now, because: error)
        }
        guard let live = programs.called(journey, in: workspace)?.journey, live.broadcast?.segment == standing.segment
        else { return try end(standing, as: .stopped, clock.now) }
        let pace = Pace(live.pace, next: standing.nextAt, now: clock.now)
        var members = try Broadcasts.members(of: standing, limit: min(limit, pace.slots), in: session)
        let isAtEnd = members.isEmpty
        if isAtEnd {
            members = try Broadcasts.overtaken(by: standing, limit: Self.mostOvertaken, in: session)
            if members.isEmpty { return try end(standing, as: .done, clock.now) }
        }
        try Contacts.lock(members, in: session)
        var log = StepLog(now: clock.now)
        try heed([workspace], &programs, &log)
        guard !log.paused.contains(Pauses.Place(workspace: workspace, journey: journey)) else { return nil }
        try start(members, of: standing, programs, &log)
        standing.walked += Int64(members.count)
        standing.entered += Int64(log.started.count)
        standing.skipped += Int64(members.count - log.started.count)
        standing.nextAt = pace.next(after: log.started.count)
        if isAtEnd {
            (standing.state, standing.endedAt) = (.done, clock.now)
        } else {
            standing.lastContact = members.last?.contact
        }
        try Broadcasts.save(standing, machineNow: machineNow, in: session)
        let result = try write(log, contacts: members.count, clock: clock)
        CrashPoint.schedulerWalking.pass()
        return Stride(result: result, members: members.count, standing: standing)
    }

    /// Lets those enter who are in the segment still, now that their locks are held.
    private func start(
        _ members: [ContactKey], of standing: Broadcasts.Standing, _ programs: Programs, _ log: inout StepLog
    ) throws {
        let places = members.map { SegmentMembers.Place(contact: $0, segment: standing.segment) }
        let remain = try SegmentMembers.memberships(at: places, in: session)
        let signals = Dictionary(
            uniqueKeysWithValues: remain.keys.map { ($0.contact, [Signal(standing, to: $0.contact)]) })
        let openings = try Openings(for: signals, programs, in: session)
        try Cast(openings, underWay: [], now: log.now, for: self).act(&log, in: session)
        log.setCauses { _ in standing.dueAt }
    }

    private func end(
        _ standing: Broadcasts.Standing, as state: Broadcasts.State, _ now: Timestamp
    ) throws -> Stride {
        var standing = standing
        (standing.state, standing.endedAt) = (state, now)
        try Broadcasts.save(standing, machineNow: machineNow, in: session)
        return Stride(standing: standing)
    }

    private func putOff(
        _ standing: Broadcasts.Standing, at now: Timestamp, because fault: any Error
    ) throws -> Stride {
        var standing = standing
        standing.nextAt = now + Self.rest
        try Broadcasts.save(standing, machineNow: machineNow, in: session)
        return Stride(standing: standing, fault: "\(fault)")
    }

    /// Passes over the one member behind the place that a broadcast had come to, who cannot be let in: the signal that would
    /// let it in is set aside. Where it is at its end, all of it is put off.
    ///
    /// - Returns: nil where somebody else has walked it meanwhile.
    func passOver(behind failed: Broadcasts.Standing, because fault: any Error) throws -> Stride? {
        let now = try DomainClock.read(in: session)
        guard var standing = try Broadcasts.take(failed.place, at: now, in: session),
            standing.lastContact == failed.lastContact
        else { return nil }
        guard let member = try Broadcasts.members(of: standing, limit: 1, in: session).first else {
            return try putOff(standing, at: now, because: fault)
        }
        let signal = Signal(standing, to: member)
        let item = SetAside.Item(
            body: SignalBatch(id: signal.idAlone, signals: [signal]).encoded, queue: QueueName.signals.rawValue,
            lane: Lane.bulk.rawValue, reason: "\(fault)", attempts: 1, at: machineNow
        ).tried(by: worker, fault)
        try SetAside.add([item], in: session)
        standing.walked += 1
        standing.skipped += 1
        standing.lastContact = member.contact
        try Broadcasts.save(standing, machineNow: machineNow, in: session)
        return Stride(members: 1, standing: standing)
    }
}

extension Signal {
    /// That a broadcast comes to a contact: a call of its journey, by a key that names the occurrence.
    fileprivate init(_ standing: Broadcasts.Standing, to contact: ContactKey) {
        self.init(
            contact: contact, cause: .call(journey: standing.place.journey, key: "at " + standing.place.occurrence),
            at: standing.dueAt, eventID: "", subject: contact.contact, name: "Broadcast Due")
    }
}
