import JourneyProgram
import Model

extension Workspace {
    /// The journeys that servers may ask for somebody to enter (`POST /v1/journeys`), in order.
    public var journeysOnRequest: [String] {
        journeys.map(\.journey).filter { journey in
            if case .event(EventNames.entryRequested(into: journey.name), _) = journey.entry.trigger {
                true
            } else {
                false
            }
        }.map(\.name).sorted()
    }
}
