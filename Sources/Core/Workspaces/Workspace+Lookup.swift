import JourneyProgram

extension Workspace {
    /// Every rule by which an event of this name gives points.
    public func pointRules(forEvent name: String) -> [(score: ScoreModel, rule: PointRule)] {
        scores.flatMap { score in score.rules.filter { $0.event == name }.map { (score, $0) } }
    }

    /// The journeys that an event of this name may start.
    public func journeys(startingOnEvent name: String) -> [JourneyDefinition] {
        journeys.filter { definition in
            if case .event(name, _) = definition.journey.entry.trigger { true } else { false }
        }
    }

    /// The journeys that reaching a stage may start.
    public func journeys(startingOnStage name: String) -> [JourneyDefinition] {
        journeys.filter { definition in
            if case .stage(name) = definition.journey.entry.trigger { true } else { false }
        }
    }
}
