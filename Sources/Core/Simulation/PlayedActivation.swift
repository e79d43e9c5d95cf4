public import JourneyProgram
public import Model

/// One look at a run in a play: what it was taken on, and what it led to.
public struct PlayedActivation: Sendable, Hashable {
    public var at: Timestamp
    public var journey: String
    public var entryKey: String
    /// Nil where the run began.
    public var before: RunState?
    /// What had come of its messages by then.
    public var verdicts: [StepVisit: MessageVerdict]
    public var activation: Activation
}

extension ContactPlay {
    mutating func keep(_ activation: Activation, _ index: Int, cameFrom before: RunState?) {
        guard activations != nil else { return }
        let run = runs[index]
        activations?.append(
            PlayedActivation(
                at: now, journey: simulator.parts[run.part].journey.name, entryKey: run.entryKey, before: before,
                verdicts: run.verdicts, activation: activation))
    }
}
