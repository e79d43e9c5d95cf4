public import Expressions
public import Model

/// What a run sees at one activation.
public struct World: Sendable {
    /// The contact's attributes, stage, consents and scores, and domain time; its `history` holds every known event that
    /// the journey mentions. Its `event` and `runStart` are not looked at.
    public var facts: any EvaluationContext & Sendable
    /// Whom the run is of: by it a split is drawn.
    public var contact: UniqueID
    /// The workspace's zone; a contact whose attribute `timezone` names a zone is in that one.
    public var zone: LocalZone
    /// The final verdicts on the run's messages; of those that the gate holds, only where the run goes on meanwhile.
    public var verdicts: [StepVisit: MessageVerdict]
    /// The templates that the contact has had, or is about to get, as far as the journey mentions them.
    public var received: Set<String>
    /// What an event's page is, where the workspace has rules for pages.
    public var page: (@Sendable (HistoryEvent) -> JSON)?
    /// What is tried on the contact, by step: a variant, or ``rest`` for the winner; else the hash says. Plays
    /// say so, and what a journey says of entries that belong to no time of its broadcast.
    public var variants: [String: String] = [:]
    /// How ``variants`` names those who get the winner.
    public static let rest = "rest"
    /// What was decided of tests, by step.
    public var results: [String: TestOutcome] = [:]
    /// The contact's persona; nil in a workspace without personas.
    public var persona: String?
    /// Whether it is the run's turn to begin, where a throttle lets few begin at once.
    public var hasTurn = false
    /// What the run's steps were answered, as the run has it.
    var answers: [String: JSON] = [:]

    public init(
        facts: any EvaluationContext & Sendable, contact: UniqueID, zone: LocalZone,
        verdicts: [StepVisit: MessageVerdict] = [:], received: Set<String> = []
    ) {
        self.facts = facts
        self.contact = contact
        self.zone = zone
        self.verdicts = verdicts
        self.received = received
    }

    var now: Timestamp { facts.now }

    var contactZone: LocalZone { LocalZone(of: facts.contact, otherwise: zone) }
}

/// What became of a message.
public struct MessageVerdict: Sendable, Hashable {
    public enum Outcome: String, Sendable, CaseIterable {
        /// Handed to the mail server.
        case sent
        /// The gate did not let it through.
        case skipped
        /// Its topic was withdrawn meanwhile.
        case withdrawn
        /// It was held for longer than it was worth.
        case expired
        /// The receiving side refused it for good.
        case refused
        /// Whether it was handed is not known.
        case unknown
        /// It is not final: the gate holds it, and whoever waits for nothing but that goes on.
        case held
    }

    public var outcome: Outcome
    /// When it became final, or was planned and held: waits behind the step count from here.
    public var at: Timestamp
    /// What the receiving system said, where it is asked: an object with `status`, and with `body` where it said JSON.
    public var answer: JSON?
    /// Whether the run ends with it.
    public var endsRun: Bool

    public init(_ outcome: Outcome, at: Timestamp, answer: JSON? = nil, endsRun: Bool = false) {
        self.outcome = outcome
        self.at = at
        self.answer = answer
        self.endsRun = endsRun
    }

    /// As conditions see it: the answer with the `outcome`.
    var told: JSON {
        .object((answer?.object ?? [:]).merging(["outcome": .string(outcome.rawValue)]) { said, _ in said })
    }
}

/// The facts with a run or an event in view, and time and history bounded where the engine says.
struct Scene: EvaluationContext {
    let facts: any EvaluationContext
    let now: Timestamp
    let history: History
    private let answers: [String: JSON]
    private let persona: String?
    /// The event at hand, laid out only where a condition looks at it.
    private var seen: HistoryEvent?
    var event: JSON? { seen?.view }
    var runStart: HistoryPosition?

    init(_ world: World, event: HistoryEvent? = nil, runStart: HistoryPosition? = nil) {
        facts = world.facts
        now = world.facts.now
        history = world.facts.history
        answers = world.answers
        persona = world.persona
        seen = event
        self.runStart = runStart
    }

    /// The view of an entry condition: the history ends with the event.
    init(_ world: World, at event: HistoryEvent) {
        facts = world.facts
        now = world.facts.now
        history = world.facts.history.upTo(event.position)
        answers = [:]
        persona = world.persona
        seen = event
    }

    /// The run's view of what lies before an instant; once that has come, as it was just before.
    init(_ world: World, runStart: HistoryPosition, before end: Timestamp?) {
        facts = world.facts
        let last = end.map { $0 - Span(microseconds: 1) }
        now = min(world.facts.now, last ?? world.facts.now)
        history = last.map { world.facts.history.upTo(.end(of: $0)) } ?? world.facts.history
        answers = world.answers
        persona = world.persona
        self.runStart = runStart
    }

    func variable(_ name: String) -> Value? {
        switch name {
        case "answers": Value(.object(answers))
        case "persona": .string(persona ?? "")
        default: nil
        }
    }

    var contact: JSON { facts.contact }
    var stage: String? { facts.stage }
    func consented(_ topic: String) -> Bool { facts.consented(topic) }
    func isInSegment(_ name: String) -> Bool { facts.isInSegment(name) }
    func score(_ model: String) -> Double { facts.score(model) }
    func halfLife(ofScore model: String) -> Span? { facts.halfLife(ofScore: model) }
    func band(ofScore model: String) -> (name: String?, validUntil: Timestamp) { facts.band(ofScore: model) }
    func score(_ model: String, staysUntil threshold: Double) -> Timestamp {
        facts.score(model, staysUntil: threshold)
    }
}

extension HistoryEvent {
    /// The event as conditions see it under the name `event`: `name`, `id`, `at`, `properties`, `context` and `page`.
    public var view: JSON { view(without: []) }

    /// The same without those of `id`, `at` and `page` that nobody reads.
    public func view(without unread: [String]) -> JSON {
        var members: [String: JSON] = ["name": .string(name), "properties": properties, "context": context]
        if !unread.contains("id") { members["id"] = .string(eventID) }
        if !unread.contains("at") { members["at"] = .string(at.description) }
        if !unread.contains("page") { members["page"] = page }
        return .object(members)
    }
}
