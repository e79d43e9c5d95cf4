public import Expressions
public import Model

/// One contact's course through stages, segments and personas: rules see each event in its turn, and time where it alone
/// may change something.
public struct ContactCourse: Sendable {
    public var facts: ContactFacts
    public var book: SegmentBook
    /// The places of the stages that are worth asking about.
    public var asked: Set<Int>
    /// The places of segments and personas that are yet to be asked about, whatever happens.
    public var pending = Places()
    public private(set) var reached: [StageReached] = []
    /// Before this instant time alone changes nothing of the stages that were asked about.
    private var stageSteadyUntil = Timestamp.distantFuture
    private let contact: ContactKey
    private let workspace: Workspace
    private let segments: SegmentQuestions

    public init(
        _ contact: ContactKey, _ workspace: Workspace, _ segments: SegmentQuestions, facts: ContactFacts,
        book: SegmentBook, asked: Set<Int>
    ) {
        self.contact = contact
        self.workspace = workspace
        self.segments = segments
        self.facts = facts
        self.book = book
        self.asked = asked
    }

    /// Looks at what an event may have changed, once the facts hold what it says.
    ///
    /// - Parameters:
    ///   - place: behind everything that is known with it.
    ///   - describes: whether it may say something of the contact.
    ///   - stage: to which a step of a journey brings the contact with it.
    ///   - isSignalled: whether journeys are to hear of it.
    /// - Returns: the stage reached with it.
    public mutating func meet(
        _ event: String, at place: HistoryPosition, describes: Bool, givenStage stage: String? = nil, isSignalled: Bool
    ) -> StageReached? {
        facts.history.upTo = place
        let given = stage.flatMap { rise(to: $0, at: place) }
        let reached = advance(at: place) ?? given
        var places = segments.touched(by: event, describes: describes)
        if reached != nil { places.formUnion(segments.staged) }
        ask(places.union(pending), .event, at: place.at, eventID: place.eventID, isSignalled: isSignalled)
        return reached
    }

    /// Looks at what time alone may have changed.
    ///
    /// - Parameter due: the first instant at which it may have.
    /// - Returns: the stage reached.
    public mutating func wake(at due: Timestamp) -> StageReached? {
        facts.history.upTo = nil
        let reached = advance(at: .end(of: due), isLate: due < facts.now)
        var places = segments.timed
        if reached != nil { places.formUnion(segments.staged) }
        ask(places.union(pending), .time, at: due, stageSince: reached?.at)
        return reached
    }

    /// Asks what is yet to be asked, for want of an event: of who was merged, or found by definitions.
    public mutating func settle(_ cause: SegmentCause) {
        guard !pending.isEmpty || cause == .backfill else { return }
        facts.history.upTo = nil
        if cause == .backfill { _ = advance(at: .end(of: facts.now)) }
        ask(pending, cause, at: facts.now)
    }

    /// Asks about segments and personas at some places, and about nothing that was pending.
    public mutating func ask(
        _ places: Places, _ cause: SegmentCause, at: Timestamp, eventID: String? = nil, stageSince: Timestamp? = nil,
        isSignalled: Bool = true
    ) {
        pending = Places()
        let occasion = SegmentBook.Occasion(
            at: at, stageSince: stageSince, eventID: eventID, cause: cause, isSignalled: isSignalled)
        book.ask(places, of: &facts, on: occasion)
    }

    /// Asks for the stage.
    ///
    /// - Parameter isLate: whether the place is only the first at which time may have changed the stage.
    public mutating func advance(at place: HistoryPosition, isLate: Bool = false) -> StageReached? {
        let held = facts.stage
        if !asked.isEmpty { facts.prepareScores() }
        guard let (stage, validUntil) = workspace.stage(of: facts, before: held, asked: asked) else { return nil }
        stageSteadyUntil = min(stageSteadyUntil, validUntil)
        guard stage != held else { return nil }
        var place = place
        if isLate {
            let instant = facts.since(place.at, stage) { [workspace, asked] in
                workspace.stage(of: $0, before: held, asked: asked) ?? (stage, .distantFuture)
            }
            place = .end(of: instant)
        }
        return reach(stage, at: place)
    }

    /// Brings the contact to a stage that it was given, where stages are kept and it is a later one.
    private mutating func rise(to stage: String, at place: HistoryPosition) -> StageReached? {
        guard workspace.regress == .never, workspace.place(of: stage) > workspace.place(of: facts.stage) else {
            return nil
        }
        return reach(stage, at: place)
    }

    private mutating func reach(_ stage: String, at place: HistoryPosition) -> StageReached {
        let step = StageReached(
            contact: contact, stage: stage, previous: facts.stage, at: place.at, eventID: place.eventID ?? "")
        reached.append(step)
        facts.stage = stage
        return step
    }

    /// Forgets the moves that were told, and looks for the next change anew.
    public mutating func turnPage() {
        (reached, stageSteadyUntil) = ([], .distantFuture)
        book.turnPage()
    }

    /// Before this instant time alone changes nothing of what was asked; nil where it never does.
    public var steadyUntil: Timestamp? {
        let instant = min(stageSteadyUntil, book.steadyUntil)
        return instant < .distantFuture ? max(instant, facts.now + Span(microseconds: 1)) : nil
    }

    /// Whether the contact is in another stage or segment now, or has another persona.
    public var hasChanged: Bool { !reached.isEmpty || !book.entries.isEmpty || book.hasNewPersona }
}
