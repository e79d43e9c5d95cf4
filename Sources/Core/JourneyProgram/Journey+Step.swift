extension Journey {
    /// One activation: the goal, then the exit, then every step that need not wait.
    ///
    /// Pure: the same run in the same world gives the same result. A run that has ended stays as it is.
    ///
    /// - Throws: `unknownStep` for a run that stands at a step that this version does not have.
    public func step(_ run: RunState, in world: World) throws(JourneyError) -> Activation {
        guard run.outcome == nil else { return Activation(run: run, effects: [], wake: nil) }
        var engine = Engine(journey: self, world: world, run: run)
        try engine.activate()
        return Activation(run: engine.run, effects: engine.effects, wake: engine.wake)
    }
}
