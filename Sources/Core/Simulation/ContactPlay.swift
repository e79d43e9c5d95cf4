import Expressions
import JourneyProgram
public import Model
import SendGate
public import Workspaces

/// One contact on a virtual clock: events and due instants in their order, until nothing is planned any more.
///
/// A value: a play that was begun can be copied, and played again and again.
public struct ContactPlay: Sendable {
    /// What happened, in order.
    public internal(set) var story: [Happening] = []
    /// Each look at a run with what it led to, where that is kept; see ``keepActivations()``.
    public internal(set) var activations: [PlayedActivation]?
    /// How much later than they are due runs are looked at, as if schedulers had been away.
    public var lag = Span.zero
    /// Which addresses broadcasts have reached: of those who were played before, and then of this one too.
    public var letterboxes = Letterboxes()

    let simulator: Simulator
    let key: ContactKey
    var now: Timestamp
    var course: ContactCourse
    var runs: [PlayedRun] = []
    /// Places of the runs under way.
    var open: [Int] = []
    var taken: Set<TakenEntry> = []
    /// Per journey that may be entered again after an exit or every so often, the entries so far.
    var past: [Int: PastEntries] = [:]
    /// Whether the contact is in the workspace's hold-out.
    let isHeldOut: Bool
    var address: MessageAddress
    var ledger: ContactLedger
    /// The templates of the mails that were sent.
    var received: Set<String> = []
    /// Of messages of a topic, as far back as caps look.
    var sends: [PastSend] = []
    /// When the contact last bought, by event, as far as a topic rests on it.
    private(set) var sales: [String: Timestamp] = [:]
    /// When marketing mails went, where a sunset asks.
    var marketing: [Timestamp] = []
    /// Messages that were planned at this instant and come before the gate together.
    var pending: [PlannedMail] = []
    /// Messages that the gate holds.
    var held: [PlannedMail] = []
    /// What came of messages, and what steps change of the contact, yet to be heard as events.
    var outcomes: [PlayedEvent] = []
    /// When runs begin that wait for a throttle.
    var entryTurns: EntryTurns
    /// Whom caps let in.
    var entryCaps: EntryCaps
    /// Broadcasts whose pace has not come to the contact.
    var onTheWay: [ComingBroadcast] = []
    /// What tests within broadcasts try on the contact.
    var trials: Trials
    let variants: [String: String]
    /// Journeys that steps start.
    var calls: [Call] = []

    private(set) var attributes: [String: JSON]
    private var consents: [ConsentEntry]
    private let suppressions: [String]
    /// What systems answer, by the name of the call.
    let answers: [String: JSON]
    private var books: [String: ScoreBook] = [:]
    private var ordinals: [SegmentPlace: Int32] = [:]
    private var wakeAt = Timestamp.distantFuture
    /// The broadcasts' next times, in the order of the simulator's.
    private var coming: [Schedule.Occurrence?] = []
    private var nextBroadcast = Timestamp.distantFuture
    private var isKnown = false
    private var lastPlace: HistoryPosition?
    private var turns = 0
    private var isHearing = false

    /// The most turns that a play may take.
    private let limit: Int
    /// The most that may come of one instant: what comes of itself again and again never lets time pass.
    private static let limitOfInstant = 10_000

    /// Somebody of whom nothing has happened yet.
    ///
    /// - Parameter limit: the most turns that the play may take; then it ends as one that does not come to rest.
    public init(_ contact: PlayedContact, in simulator: Simulator, at start: Timestamp, limit: Int = 200_000) {
        self.init(contact, in: simulator, at: start, limit: limit, turns: [:], refused: nil, decided: [:])
    }

    /// - Parameters:
    ///   - turns: when entries begin that a throttle concerns, as a crowd has given them.
    ///   - refused: the entries that caps turn away among a crowd; nil: nobody else is there.
    ///   - decided: what a crowd has decided of tests.
    init(
        _ contact: PlayedContact, in simulator: Simulator, at start: Timestamp, limit: Int = 200_000,
        turns: [TurnPlace: Timestamp], refused: [TurnPlace: EntryCap]?, decided: [TrialPlace: TestOutcome]
    ) {
        entryTurns = EntryTurns(given: turns)
        entryCaps = EntryCaps(refused: refused)
        trials = Trials(decided: decided, winners: contact.winners)
        variants = contact.variants
        self.simulator = simulator
        self.limit = limit
        let workspace = simulator.workspace
        let key = ContactKey(workspace: WorkspaceID(rawValue: 1), contact: contact.id)
        self.key = key
        now = start
        isHeldOut = workspace.policy.holdOut.map { contact.isHeldOut ?? $0.holds(contact.id) } ?? false
        attributes = contact.attributes
        suppressions = contact.suppressions
        answers = contact.answers
        received = Set(contact.received)
        let given = contact.consents.map { (topic: $0, state: ConsentEntry.State.given) }
        let refused = contact.refusals.map { (topic: $0, state: ConsentEntry.State.withdrawn) }
        consents = (given + refused).map { topic, state in
            ConsentEntry(
                contact: key, topic: topic, address: "", at: start, eventID: "", state: state, wording: nil,
                source: "play")
        }
        address = .missing
        ledger = ContactLedger()
        let facts = ContactFacts(workspace, now: start, contact: .object(contact.attributes))
        course = ContactCourse(
            key, workspace, simulator.segments, facts: facts,
            book: SegmentBook(key, simulator.segments, revision: 1), asked: simulator.allStages)
        weighConsents()
        lookOutForBroadcasts(notBefore: start)
    }

    /// Plays events, in the order of their places, and time, up to an instant that belongs to the play.
    public mutating func run(_ events: [PlayedEvent], until end: Timestamp) {
        story.reserveCapacity(32)
        if !isKnown { become() }
        var next = 0
        while turns < limit {
            turns += 1
            let due = nextDue
            if next < events.count, events[next].event.at < due {
                guard events[next].event.at <= end else { return }
                meet(events[next])
                next += 1
            } else {
                guard due <= end, due < .distantFuture else { return }
                pass(to: due)
            }
        }
        tell(.failed("the play does not come to rest"))
    }

    /// Has the play keep each look at a run from now on.
    public mutating func keepActivations() { activations = activations ?? [] }

    private var nextDue: Timestamp {
        var due = min(wakeAt, nextBroadcast)
        for place in open { due = min(due, runs[place].due + lag) }
        for mail in held { if let until = mail.until, until < due { due = until } }
        for broadcast in onTheWay { due = min(due, broadcast.at) }
        return due
    }

    mutating func tell(_ what: Happening.What, _ journey: String? = nil, full caps: [FullCap] = []) {
        story.append(Happening(at: now, journey: journey, what, full: caps))
    }
}

// MARK: What happens

extension ContactPlay {
    /// The contact becomes known: stages and segments are asked for the first time.
    private mutating func become() {
        isKnown = true
        course.facts.now = now
        course.pending = simulator.segments.all
        _ = course.advance(at: .end(of: now))
        course.settle(.event)
        follow(nil, describedAt: now)
    }

    /// - Parameter isOwn: whether it comes of a journey, and of nobody else.
    private mutating func meet(_ played: PlayedEvent, isOwn: Bool = false) {
        var event = played.event
        now = event.at
        course.facts.now = now
        if !simulator.workspace.pages.isEmpty { event.page = simulator.workspace.page(of: event) }
        course.facts.history.insert(event)
        let describes = !played.traits.isEmpty
        if describes { describe(played.traits) }
        if EventNames.consents.contains(event.name) { recordConsent(event) }
        if played.isTrusted, simulator.saleEvents.contains(event.name) { sales[event.name] = now }
        if isOwn || event.name != EventNames.pointsGiven { addPoints(event) }
        course.asked = simulator.stages(askedBy: event.name, in: course.facts.stage, describes: describes)
        let place = max(event.position, lastPlace ?? event.position)
        lastPlace = place
        let given = isOwn && event.name == EventNames.stageGiven ? event.properties["stage"]?.string : nil
        _ = course.meet(event.name, at: place, describes: describes, givenStage: given, isSignalled: true)
        course.facts.history.upTo = nil
        tell(.event(event.name))
        if !trials.had.isEmpty { trials.hear(event.name, at: now, in: simulator.parts) }
        follow(event, describedAt: describes ? now : nil)
    }

    /// Time alone.
    private mutating func pass(to due: Timestamp) {
        now = max(now, due)
        course.facts.now = now
        if wakeAt <= now {
            let first = wakeAt
            wakeAt = .distantFuture
            let place = simulator.workspace.place(of: course.facts.stage) + 1
            course.asked = simulator.askedInTime[place]
            _ = course.wake(at: first)
            follow(nil, wokenAt: first)
        }
        if nextBroadcast <= now { sendBroadcasts() }
        receiveBroadcasts()
        releaseHeld()
        for place in open where runs[place].due + lag <= now { activate(place) }
        hearOutcomes()
    }

    /// Tells where the contact has come to, and lets journeys act on it and on the event that brought it.
    private mutating func follow(
        _ event: HistoryEvent?, wokenAt due: Timestamp? = nil, describedAt: Timestamp? = nil
    ) {
        if let steady = course.steadyUntil, steady < wakeAt { wakeAt = steady }
        let dates = datesCome(wokenAt: due, describedAt: describedAt)
        guard course.hasChanged else {
            course.turnPage()
            if event != nil || !dates.isEmpty { hear(event, reached: [], moves: [], dates: dates) }
            return
        }
        course.book.number(after: ordinals)
        let (reached, moves) = (course.reached, course.book.entries.map(\.move))
        for step in reached { tell(.stage(step.stage)) }
        for move in moves {
            tell(move.isEntry ? .entered(segment: move.segment) : .left(segment: move.segment))
            if move.isEntry { ordinals[SegmentPlace(contact: key, segment: move.segment)] = move.ordinal }
        }
        if course.book.hasNewPersona {
            tell(.persona(course.book.persona.persona ?? simulator.workspace.personas.fallback))
        }
        course.turnPage()
        hear(event, reached: reached, moves: moves, dates: dates)
    }

    /// The dates with which journeys start that have come; the contact is looked at again with the next.
    private mutating func datesCome(wokenAt due: Timestamp?, describedAt: Timestamp?) -> [ComingDate] {
        guard !simulator.dates.isEmpty, due != nil || describedAt != nil else { return [] }
        let (dates, zone) = (simulator.dates, simulator.workspace.zone)
        if let next = course.facts.nextDate(of: dates, otherwise: zone), next < wakeAt { wakeAt = next }
        return course.facts.datesCome(dates, wokenAt: due, describedAt: describedAt, otherwise: zone)
    }

    private mutating func lookOutForBroadcasts(notBefore time: Timestamp) {
        guard !simulator.broadcasts.isEmpty else { return }
        let zone = simulator.workspace.zone
        coming = simulator.broadcasts.map { $0.broadcast.schedule.first(notBefore: time, in: zone) }
        nextBroadcast =
            zip(simulator.broadcasts, coming).compactMap { each, next in
                next.map { each.broadcast.schedule.opening(of: $0, in: zone) }
            }.min() ?? .distantFuture
    }

    /// Broadcasts whose time has come go to whoever is in their segment then.
    private mutating func sendBroadcasts() {
        let due = zip(simulator.broadcasts, coming).compactMap { each, next in
            next.map { (part: each.part, broadcast: each.broadcast, occurrence: $0) }
        }
        let zone = simulator.workspace.zone
        lookOutForBroadcasts(notBefore: now + Span(microseconds: 1))
        for (part, broadcast, occurrence) in due {
            let opening = broadcast.schedule.opening(of: occurrence, in: zone)
            guard opening <= now, course.facts.isInSegment(broadcast.segment) else { continue }
            send(part, at: opening, occurrence)
        }
    }

    /// What came of messages, where something looks at it, and of steps that change something.
    ///
    /// What is heard may lead to more, which is then heard by the one that began.
    mutating func hearOutcomes() {
        guard !isHearing else { return }
        isHearing = true
        defer { isHearing = false }
        var heard = 0
        while turns < limit {
            guard heard < Self.limitOfInstant else {
                turns = limit
                return
            }
            heard += 1
            if !pending.isEmpty {
                judgePending()
            } else if !outcomes.isEmpty {
                meet(outcomes.removeFirst(), isOwn: true)
            } else if !calls.isEmpty {
                enter(calls.removeFirst())
            } else {
                return
            }
            turns += 1
        }
    }
}

// MARK: What is known of the contact

extension ContactPlay {
    private mutating func describe(_ traits: [String: JSON]) {
        for (name, value) in traits { attributes[name] = value == .null ? nil : value }
        course.facts.contact = .object(attributes)
        weighConsents()
    }

    private mutating func recordConsent(_ event: HistoryEvent) {
        guard let statement = try? ConsentStatement(event.properties) else { return }
        let entry = simulator.workspace.consentEntry(
            statement, named: event.name, of: key, at: event.at, eventID: event.eventID, otherwise: "play")
        guard consents.take(entry) else { return }
        weighConsents()
        if entry.state.isRefusal { withdraw(entry.topic) }
        guard entry.topic == EventNames.profilingTopic, consents.objectToProfiling != course.facts.objects else {
            return
        }
        course.facts.objects = consents.objectToProfiling
        course.book.isClosed = course.facts.objects
        course.pending = simulator.segments.all
    }

    private mutating func weighConsents() {
        let text = attributes["email"]?.string
        address = Simulator.address(of: attributes)
        course.facts.consents = consents.topics(givenAt: text)
        let orders = suppressions.compactMap { kind in
            text.map { Suppression(Suppression.Kind(rawValue: kind) ?? .all, address: $0.comparedAddress) }
        }
        ledger = ContactLedger(consents, at: text, suppressions: orders)
    }

    /// The ledger as messages on another channel than e-mail are held to it.
    func ledger(on channel: Channel) -> ContactLedger {
        let text = attributes["email"]?.string ?? ""
        let orders = suppressions.map { Suppression(Suppression.Kind(rawValue: $0) ?? .all, address: text) }
        return ContactLedger(consents, at: text, suppressions: orders).elsewhere(on: channel)
    }

    /// How the contact has reacted of late, where a sunset asks.
    var engagement: Engagement {
        guard let sunset = simulator.workspace.policy.sunset else { return Engagement() }
        let signs = sunset.signs.compactMap { name in
            course.facts.history.events(named: name).last { event in
                !EventNames.tracked.contains(name) || ["human", nil].contains(event.properties["kind"]?.string)
            }?.at
        }
        return Engagement(lastSign: (signs + [consents.lastYes].compactMap(\.self)).max(), after: marketing)
    }

    private mutating func addPoints(_ event: HistoryEvent) {
        guard let models = simulator.scored[event.name] else { return }
        for model in models {
            var book = books[model.name] ?? ScoreBook(model)
            books[model.name] = nil
            do {
                try book.add(event)
            } catch {
                tell(.failed("\(error)"))
            }
            course.facts.balances[model.name] = book.balance
            books[model.name] = book
        }
    }
}
