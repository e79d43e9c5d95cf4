public import JourneyProgram
public import Model

extension Workspace {
    /// A journey that goes out on a schedule, with the time that comes next.
    public struct ComingBroadcast: Sendable, Hashable {
        public var journey: String
        public var broadcast: Broadcast
        /// Nil: none comes any more.
        public var occurrence: Schedule.Occurrence?
        /// As the clocks show it that it goes by: `2026-03-02T09:00`.
        public var time: String? { occurrence?.description }
        /// When it begins.
        public var at: Timestamp?
    }

    /// The journeys that go out on a schedule, each with the time that was waited for, where it is one of the schedule's still,
    /// or else the first that does not begin before now.
    ///
    /// - Parameter pending: the times that were waited for, by journey.
    public func comingBroadcasts(pending: [String: String] = [:], now: Timestamp) -> [ComingBroadcast] {
        journeys.map(\.journey).compactMap { journey in
            guard let broadcast = journey.broadcast else { return nil }
            let schedule = broadcast.schedule
            var next = schedule.first(notBefore: now, in: zone)
            if let waited = pending[journey.name].flatMap({ Schedule.Occurrence($0) }),
                schedule.first(notBefore: schedule.opening(of: waited, in: zone), in: zone) == waited
            {
                next = waited
            }
            return ComingBroadcast(
                journey: journey.name, broadcast: broadcast, occurrence: next,
                at: next.map { schedule.opening(of: $0, in: zone) })
        }
    }
}
