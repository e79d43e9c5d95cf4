public import Expressions
public import Model
public import SendGate

/// A journey ready to run: what starts it, what ends it, and its steps as an immutable table.
public struct Journey: Sendable {
    public let name: String
    /// The stage that it serves.
    public let stage: String?
    public let entry: Entry
    public let goal: Goal?
    /// What ends a run as `exited`, at any moment.
    public let exit: Expression?
    /// Of several journeys whose mails compete for one contact, the one with the highest goes first; 0 unless it says so.
    public let priority: Int
    /// What becomes of its mails where the gate keeps them back, as far as neither step nor e-mail says.
    public let restraint: Restraint
    /// By the templates that it sends, how their content is chosen, where there is something to choose.
    public let contents: [String: ContentRules]
    /// What its runs look at: goal, exit, waits, branches and what e-mails are chosen by.
    public let runMentions: Mentions
    /// The same with what decides on an entry: its condition and its key. The event that starts a run is given, not
    /// mentioned.
    public let mentions: Mentions

    /// The conditions that may move a run at any moment, goal, exit and those that it waits for: whatever changes one of
    /// them must activate the run.
    public let watchedConditions: [Expression]

    let table: StepTable

    /// Lays out the steps. Step names must be unique; a name that repeats throws `duplicateStep`.
    public init(
        name: String, stage: String? = nil, entry: Entry, goal: Goal? = nil, exit: Expression? = nil,
        priority: Int = 0, restraint: Restraint = Restraint(), steps: [Step], contents: [String: ContentRules] = [:]
    ) throws(JourneyError) {
        self.name = name
        self.stage = stage
        self.entry = entry
        self.goal = goal
        self.exit = exit
        self.priority = priority
        self.restraint = restraint
        table = try StepTable(steps)
        watchedConditions = [goal?.when, exit].compactMap { $0 } + table.awaitedConditions
        let sent = table.sentTemplates
        self.contents = contents.filter { !$0.value.isEmpty && sent.contains($0.key) }
        runMentions = self.contents.values.reduce(
            Mentions([goal?.when, goal?.value, exit].compactMap { $0 }).union(table.mentions)
        ) { $0.union($1.mentions(entryOf: entry.trigger)) }
        mentions = runMentions.union(Mentions(entry.conditions))
    }

    /// What starts a run, and how often the same contact may.
    public struct Entry: Sendable {
        public var trigger: Trigger
        public var again: Again
        /// How fast runs begin; nil: at once. A broadcast has its own.
        public var throttle: Broadcast.Throttle?
        /// What becomes of a run whose turn comes late; nil: it begins all the same.
        public var late: Broadcast.Late?
        /// How many may enter; all of them hold.
        public var caps: [EntryCap]

        public init(
            _ trigger: Trigger, again: Again = .never, throttle: Broadcast.Throttle? = nil,
            late: Broadcast.Late? = nil, caps: [EntryCap] = []
        ) {
            self.trigger = trigger
            self.again = again
            self.throttle = throttle
            self.late = late
            self.caps = caps
        }
    }

    public enum Trigger: Sendable {
        /// An event of this name for which `when` holds; the history then ends with that event.
        case event(String, when: Expression?)
        /// Reaching this stage.
        case stage(String)
        /// Entering this segment; `backfill`: also those whom an applied definition found in it.
        case segment(String, backfill: Bool)
        /// Leaving this segment; `backfill`: also those whom an applied definition found outside.
        case left(String, backfill: Bool)
        /// When a date among the contact's attributes comes, for those of whom `when` holds then.
        case date(ContactDate, when: Expression?)
        /// The times of a schedule, for the members of a segment.
        case broadcast(Broadcast)
        /// Other journeys alone.
        case called
    }

    public enum Again: Sendable {
        /// One run for each contact, ever.
        case never
        /// One run for each value of the expression.
        case perKey(Expression)
        /// One run for each time that the contact enters the segment, or leaves it; for each date; for each time of a
        /// schedule.
        case perOccurrence
        /// A run whenever none is under way.
        case afterExit
        /// A run so long after the last entry at the earliest, and when none is under way.
        case every(Span)
    }

    /// What ends a run as `converted`.
    public struct Goal: Sendable {
        public var when: Expression
        /// Counted from the start of the run; the goal counts on after the last step until it lapses. Without it the goal
        /// counts until the last step.
        public var within: Span?
        /// What reaching it is worth, asked at that moment: a number, such as what was spent since the run began.
        public var value: Expression?

        public init(when: Expression, within: Span?, value: Expression? = nil) {
            self.when = when
            self.within = within
            self.value = value
        }
    }

    /// Where the run ends, as tables and reports name it.
    public enum Outcome: String, Sendable, CaseIterable {
        /// The last step is done, and no goal is open.
        case finished
        /// The goal was reached in time.
        case converted
        /// The exit condition held.
        case exited
    }
}

extension Journey {
    /// The e-mail steps and the templates that they send.
    public var emailSteps: [(step: String, template: String)] { table.emailSteps }

    /// What an e-mail step says of its message where the gate keeps that back; nil where there is no such step.
    public func restraint(ofStep name: String) -> Restraint? {
        table.place(named: name, visit: 1).flatMap { table.lines[$0].operation.guards?.restraint }
    }

    /// Whether a run goes on behind an e-mail step while the gate holds the message.
    public func goesOn(whileHeldAt step: String) -> Bool {
        (restraint(ofStep: step)?.onHeld ?? restraint.onHeld) == .continue
    }

    /// What its steps change besides its runs.
    public var changes: [Step.Change] { table.changes }

    /// The journeys that its steps start.
    public var startedJourneys: Set<String> {
        Set(table.changes.compactMap { if case .start(let journey) = $0 { journey } else { nil } })
    }

    /// Every event name that the journey looks at, the one that it starts on included.
    public var mentionedEvents: Set<String> {
        var names = mentions.events
        if case .event(let name, _) = entry.trigger { names.insert(name) }
        return names
    }
}
