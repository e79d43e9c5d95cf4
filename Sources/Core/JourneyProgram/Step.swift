public import Expressions
public import Model
public import SendGate

/// A step as it is written; branches nest, and nothing jumps.
public indirect enum Step: Sendable {
    /// Sends a template and goes on once the message's verdict is final. The name is the step's own.
    case email(name: String, template: String, guards: Guards = Guards())
    /// Sends the next e-mail of a stream that the contact has not had; with `exhausted` where it has had all. The name is the
    /// step's own.
    case stream(name: String, Stream, guards: Guards = Guards(), exhausted: [Step])
    /// Tries several e-mails on a share of a broadcast's contacts, and sends the one that does best to the others. The name is
    /// the step's own.
    case test(name: String, Test, guards: Guards = Guards())
    /// Tells somebody something otherwise than by e-mail, and goes on once that has come of it which may. The name is the step's own.
    case call(name: String, Call, late: Late? = nil)
    /// Goes on after a length of time.
    case wait(Span)
    /// Goes on at the next such time of day in the contact's zone.
    case waitUntil(DailyTime)
    /// Goes on when a date among the contact's attributes comes, as it is on arrival; at once where it has been, or where
    /// there is none.
    case waitUntilDate(ContactDate)
    /// Goes on with the steps of what comes first, or with `then` where it has none of its own; with `otherwise` when the
    /// time is up.
    case await([Awaited], atMost: Span, then: [Step], otherwise: [Step])
    /// Goes on with the first arm whose condition holds; with `otherwise` where none does.
    case choose([Arm], otherwise: [Step])
    /// Goes on with the case that names what the expression is worth; with `otherwise` where none does, and where the
    /// value is an error, null, a list or a map.
    case select(Expression, cases: [Case], otherwise: [Step])
    /// Goes on with the share into which the contact falls: the same one each time.
    case split(name: String?, [Share])
    /// Takes the steps so many times, or until the condition holds before one of the passes.
    case loop(times: Int, until: Expression?, [Step])
    /// Changes something else than the run, and goes on.
    case change(Change)
    /// Skips all that follows, outer steps included.
    case end

    /// What may keep a step from sending.
    public struct Guards: Sendable, Hashable {
        /// What becomes of a step that is reached late.
        public var late: Late?
        /// Whether nobody gets the template who has had it before, whichever step or journey sent it.
        public var isOnce: Bool
        /// What becomes of the message where the gate keeps it back, as far as the step says.
        public var restraint: Restraint

        public init(late: Late? = nil, isOnce: Bool = false, restraint: Restraint = Restraint()) {
            self.late = late
            self.isOnce = isOnce
            self.restraint = restraint
        }
    }

    /// A step is late when it is reached so long after it was due: after the event or the end of the wait that led to it,
    /// since schedulers were away, or the event came late.
    public struct Late: Sendable, Hashable {
        public enum Consequence: String, Sendable, CaseIterable {
            /// The run goes on behind the step.
            case skip
            /// The run is at its end.
            case end
        }

        public var after: Span
        public var then: Consequence

        public init(after: Span, then: Consequence) {
            self.after = after
            self.then = then
        }
    }

    /// What a step changes besides its run. It is done once, however often the run is looked at.
    public enum Change: Sendable, Hashable {
        /// Gives the contact attributes; null takes one away.
        case attributes([String: JSON])
        /// Brings the contact to a stage, and never back to an earlier one.
        case stage(String)
        /// Starts another journey, as far as that may be entered again.
        case start(journey: String)
        /// Gives points to a score, or takes some.
        case points(GivenPoints)
    }

    /// One thing that a run waits for.
    public struct Awaited: Sendable {
        public var what: Awaitable
        /// What the run then goes on with; nil: what all that have no steps of their own share.
        public var steps: [Step]?

        public init(_ what: Awaitable, steps: [Step]? = nil) {
            self.what = what
            self.steps = steps
        }
    }

    public enum Awaitable: Sendable {
        /// An event of this name, and what it must be like.
        case event(String, when: Expression?)
        /// A condition that comes true, by an event or by time alone.
        case condition(Expression)
    }

    /// A condition with its steps.
    public struct Arm: Sendable {
        public var when: Expression
        public var steps: [Step]

        public init(when: Expression, steps: [Step]) {
            self.when = when
            self.steps = steps
        }
    }

    /// A value with its steps.
    public struct Case: Sendable {
        /// The value as text: `pro`, `7`, `true`.
        public var value: String
        public var steps: [Step]

        public init(value: String, steps: [Step]) {
            self.value = value
            self.steps = steps
        }
    }

    /// A part of the contacts with its steps.
    public struct Share: Sendable {
        public var name: String
        /// Of the sum of all weights of the split; 1 at least.
        public var weight: Int
        public var steps: [Step]

        public init(name: String, weight: Int, steps: [Step]) {
            self.name = name
            self.weight = weight
            self.steps = steps
        }
    }

    /// An event that is waited for.
    public struct EventWait: Sendable {
        public var event: String
        /// What the event must be like.
        public var when: Expression?
        public var atMost: Span

        public init(event: String, when: Expression?, atMost: Span) {
            self.event = event
            self.when = when
            self.atMost = atMost
        }
    }
}

extension Step {
    /// Waits for one event.
    public static func waitFor(_ wait: EventWait, then: [Step], otherwise: [Step]) -> Step {
        .await([Awaited(.event(wait.event, when: wait.when))], atMost: wait.atMost, then: then, otherwise: otherwise)
    }

    /// Chooses by one condition.
    public static func branch(_ condition: Expression, then: [Step], otherwise: [Step]) -> Step {
        .choose([Arm(when: condition, steps: then)], otherwise: otherwise)
    }

    /// The lists of steps with one of which the run goes on; nil for steps that do not branch.
    public var branches: [[Step]]? {
        switch self {
        case .email, .test, .call, .wait, .waitUntil, .waitUntilDate, .loop, .change, .end: nil
        case .await(let awaited, _, let then, let otherwise): awaited.map { $0.steps ?? then } + [otherwise]
        case .stream(_, _, _, let exhausted): [[], exhausted]
        case .choose(let arms, let otherwise): arms.map(\.steps) + [otherwise]
        case .select(_, let cases, let otherwise): cases.map(\.steps) + [otherwise]
        case .split(_, let shares): shares.map(\.steps)
        }
    }
}

extension Step.Awaitable {
    /// As decisions tell it: the event's name or the condition.
    var told: String {
        switch self {
        case .event(let name, _): name
        case .condition(let condition): condition.source
        }
    }
}

extension Step.Change {
    /// As steps and decisions name it.
    var kind: String {
        switch self {
        case .attributes: "set"
        case .stage: "stage"
        case .start: "start"
        case .points: "score"
        }
    }

    /// As decisions tell it.
    var told: JSON {
        switch self {
        case .attributes(let values): .object(values)
        case .stage(let name), .start(let name): .string(name)
        case .points(let given): .object(given.properties)
        }
    }
}
