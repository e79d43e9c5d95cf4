import JourneyProgram

extension Workspace {
    /// The journeys that an event of this name may start.
    public func journeys(startingOnEvent name: String) -> [JourneyDefinition] {
        journeys.filter { definition in
            if case .event(name, _) = definition.journey.entry.trigger { true } else { false }
        }
    }

    /// The journeys that entering a segment may start.
    public func journeys(startingOnSegment name: String) -> [JourneyDefinition] {
        journeys.filter { definition in
            if case .segment(name, _) = definition.journey.entry.trigger { true } else { false }
        }
    }

    /// The journeys that leaving a segment may start.
    public func journeys(startingOnLeaving name: String) -> [JourneyDefinition] {
        journeys.filter { definition in
            if case .left(name, _) = definition.journey.entry.trigger { true } else { false }
        }
    }

    /// The journeys that reaching a stage may start.
    public func journeys(startingOnStage name: String) -> [JourneyDefinition] {
        journeys.filter { definition in
            if case .stage(name) = definition.journey.entry.trigger { true } else { false }
        }
    }
}
