import JourneyProgram
import Model
import Postgres
import Store
import Transit
import Workspaces

/// The times of a schedule that have come when somebody looks: one as a rule, several after an outage or a pause.
struct BroadcastOpening {
    /// The most times that are noted as missed at once; older ones are passed over without a word.
    private static let mostMissed = 1_000

    let due: Schedules.Due
    let broadcast: Broadcast
    /// In order; those before the last are missed.
    private let come: [Schedule.Occurrence]
    private let following: Schedule.Occurrence?
    private let zone: LocalZone

    /// Nil where the version is on no schedule.
    init?(_ due: Schedules.Due, definitions: DefinitionsCache, now: Timestamp, in session: PostgresSession) throws {
        let workspace = try definitions.workspace(due.workspace, revision: due.revision, in: session)
        guard let broadcast = workspace.journey(named: due.journey)?.journey.broadcast,
            let first = Schedule.Occurrence(due.occurrence)
        else { return nil }
        let (schedule, zone) = (broadcast.schedule, workspace.zone)
        var come = [first]
        var following = schedule.first(after: schedule.opening(of: first, in: zone), in: zone)
        while let next = following, schedule.opening(of: next, in: zone) <= now {
            come.append(next)
            if come.count > Self.mostMissed { come.removeFirst() }
            following = schedule.first(after: schedule.opening(of: next, in: zone), in: zone)
        }
        (self.due, self.broadcast, self.zone, self.come, self.following) = (due, broadcast, zone, come, following)
    }

    /// Moves the schedule on, and begins the last of them, unless that is too late as well.
    ///
    /// - Returns: those that are missed; nil where another scheduler was first.
    func open(now: Timestamp, machineNow: Timestamp, in session: PostgresSession) throws -> Int? {
        let schedule = broadcast.schedule
        let next = following.map { ("\($0)", schedule.opening(of: $0, in: zone)) }
        guard try Schedules.pass(due, next: next, in: session) else { return nil }
        var missed = 0
        for occurrence in come {
            let isOver = broadcast.late.isOver(schedule.closing(of: occurrence, in: zone), now: now)
            let isMissed = occurrence != come.last || isOver
            missed += isMissed ? 1 : 0
            let place = Broadcasts.Place(
                workspace: due.workspace, journey: due.journey, occurrence: "\(occurrence)")
            try Broadcasts.open(
                due, place, segment: broadcast.segment, dueAt: schedule.opening(of: occurrence, in: zone),
                as: isMissed ? .missed : .walking, now: now, machineNow: machineNow, in: session)
        }
        return missed
    }
}
