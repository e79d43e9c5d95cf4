public import Expressions
public import Model

/// Where a run is: all that the engine keeps of it between two activations.
public struct RunState: Sendable, Hashable {
    /// Domain time at which the run began; a goal's `within` counts from it.
    public let startedAt: Timestamp
    /// The run's place in the contact's history; `run.did` and its siblings see events strictly behind it.
    public let entry: HistoryPosition
    /// The name of the step at which it stands; `end` behind the last one.
    public internal(set) var step: String
    /// The pass in which it stands there, of all that what repeats may come to: above 1 only there.
    public internal(set) var visit = 1
    public internal(set) var phase: Phase
    /// Until when it stands before its first step, since the contact's clocks do not show its broadcast's time yet; nil once
    /// they have.
    public internal(set) var opensAt: Timestamp?
    /// Whether it stands before its first step, since its journey's throttle lets few begin at once.
    public internal(set) var awaitsTurn = false
    /// Whether the goal's time was found to be over; it is not looked at again.
    public internal(set) var goalHasLapsed = false
    /// What its steps that told a system something were answered, by step.
    public internal(set) var answers: [String: JSON] = [:]

    public enum Phase: Sendable, Hashable {
        /// About to take the step.
        case arriving
        /// The step's message is planned; parked until its verdict is final.
        case sending
        /// Parked until an instant that was fixed on arrival.
        case waiting(until: Timestamp)
        /// Parked until an event strictly behind a place in the history, and not later than an instant, or until a condition
        /// comes true by then.
        case waitingForEvent(behind: HistoryPosition, until: Timestamp)
        /// All steps are done; the goal is still open.
        case waitingForGoal
        case ended(Journey.Outcome)
    }

    init(startedAt: Timestamp, entry: HistoryPosition, step: String) {
        self.startedAt = startedAt
        self.entry = entry
        self.step = step
        self.phase = .arriving
    }

    /// The message for whose verdict the run is parked.
    public var awaitedMessage: StepVisit? {
        if case .sending = phase { StepVisit(step: step, visit: visit) } else { nil }
    }

    public var outcome: Journey.Outcome? {
        if case .ended(let outcome) = phase { outcome } else { nil }
    }
}

/// One visit of a run to a step, by the number of its pass: 1 but in what repeats.
public struct StepVisit: Sendable, Hashable {
    public var step: String
    public var visit: Int

    public init(step: String, visit: Int) {
        self.step = step
        self.visit = visit
    }
}
