import JourneyProgram
import Model
import Postgres
import Store
import Workspaces

/// A journey on a schedule: when it goes out next, and to how many.
struct Dispatch: Sendable {
    let journey: String
    let broadcast: Broadcast
    /// As the clocks show it that it goes by; nil: never again.
    let time: String?
    /// When that begins.
    let at: Timestamp?
    /// How many are in its segment now; nil where nobody is known yet.
    let members: Int64?

    /// - Parameter workspace: nil where it does not exist yet.
    static func all(
        of definitions: Workspace, in workspace: WorkspaceID?, now: Timestamp, _ session: PostgresSession
    ) throws -> [Dispatch] {
        let pending = try workspace.map { try Schedules.next(of: $0, in: session) } ?? [:]
        let coming = definitions.comingBroadcasts(pending: pending.mapValues(\.occurrence), now: now)
        return try coming.map { coming in
            let members = try workspace.map { workspace in
                try BroadcastDirectory.members(of: coming.broadcast.segment, in: workspace, session: session)
            }
            return Dispatch(
                journey: coming.journey, broadcast: coming.broadcast, time: coming.time, at: coming.at,
                members: members)
        }
    }

    func plan(among versions: [Definitions.JourneyVersion]) -> Schedules.Plan? {
        versions.first { $0.journey == journey }.map { version in
            Schedules.Plan(journey: journey, version: version.version, occurrence: time, at: at)
        }
    }

    /// `2026-03-02 09:00, to segment readers: 1,204 members now`.
    var words: String {
        let to = "segment \(broadcast.segment)" + (members.map { ": \($0.counted("member")) now" } ?? "")
        guard let time else { return "no time of its schedule is to come (\(to))" }
        let clock = broadcast.schedule.isLocal ? " by each contact's own clock" : ""
        let pace = broadcast.throttle.map {
            ", at most \($0.runs.grouped) \($0.per == .hours(1) ? "an hour" : $0.per == .days(1) ? "a day" : "a minute")"
        }
        return "\(time.replacing("T", with: " "))\(clock), to \(to)\(pace ?? "")"
    }

    var json: JSON {
        .object([
            "segment": .string(broadcast.segment), "next": time.map { .string($0) } ?? .null,
            "begins": at.map { .string($0.description) } ?? .null, "local": .bool(broadcast.schedule.isLocal),
            "members": members.map { .int($0) } ?? .null,
        ])
    }
}
