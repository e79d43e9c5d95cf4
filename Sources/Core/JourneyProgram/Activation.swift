public import Model

/// What one activation of a run leads to.
public struct Activation: Sendable, Hashable {
    public var run: RunState
    /// In the order in which they came about.
    public var effects: [Effect]
    /// When the run must be looked at again if nothing else happens; nil: only an event or a verdict moves it.
    public var wake: Timestamp?
}

/// What the engine wants done; all of it commits with the run.
public enum Effect: Sendable, Hashable {
    /// Plan a message from a template, with what is chosen of its content; nil where there is nothing to choose.
    case send(StepVisit, template: String, content: ContentChoice? = nil)
    /// Plan a message to others than the contact.
    case call(StepVisit, Step.Call)
    case decide(Decision)
    /// Change something else than the run, once for each visit of the step.
    case change(StepVisit, Step.Change)
    case end(Journey.Outcome)
}

/// A recorded choice with what it saw.
public struct Decision: Sendable, Hashable {
    /// The step's name; `enter`, `goal`, `exit` and `end` for what concerns the run as a whole.
    public var step: String
    /// The pass; above 1 only in what repeats.
    public var visit: Int
    /// What was chosen: `started`, `then`, `elif 1`, `any 2`, `case pro`, a share's name, `else`, or an outcome.
    public var choice: String
    /// What it was chosen on: the condition, the event, the instant.
    public var saw: JSON

    public init(step: String, visit: Int = 1, choice: String, saw: JSON = .object([:])) {
        self.step = step
        self.visit = visit
        self.choice = choice
        self.saw = saw
    }
}

extension Timestamp {
    /// As decisions tell it.
    var told: JSON { .string(description) }
}
