import Model
import Store
import Workspaces

extension Workspace {
    /// When its journeys on a schedule are sent next, as an apply notes it.
    func plans(
        of versions: [Definitions.JourneyVersion], pending: [String: String], now: Timestamp
    ) -> [Schedules.Plan] {
        comingBroadcasts(pending: pending, now: now).compactMap { coming in
            versions.first { $0.journey == coming.journey }.map { version in
                Schedules.Plan(
                    journey: coming.journey, version: version.version, occurrence: coming.time, at: coming.at)
            }
        }
    }
}
