import Contracts
import Expressions
import JourneyProgram
import Model
import Scores
import Store
import Workspaces

/// One contact while a batch is applied to it: rules see each event in its turn.
///
/// A class, since a copy of what it holds would count references by the dozen.
final class Person {
    let contact: ContactKey
    private(set) var state: Contacts.State
    /// Whether attributes changed.
    private(set) var isDescribed = false
    /// Whether the stage or the revision that it was last seen under changed.
    private var isStirred: Bool
    private(set) var ledger: [Consents.Entry] = []
    private var withdrawn: [Consents.Entry] = []

    private var consents: [Consents.Entry]
    /// Its stage, segments and personas, with the facts that they are asked of.
    private var course: ContactCourse
    private var scoring: PersonScoring
    /// Whether the scores are counted from the log, so that an objection may begin or end.
    private let countsAfresh: Bool
    /// Whether the contact has begun to object to profiling, or no longer does.
    private var hasTurned = false
    /// The last place of what was known before the batch, where an event of the batch may come late.
    private let known: HistoryPosition?
    private let rules: AudienceRules
    /// The attributes of the companies that the contact belongs to, or may with this batch.
    private let companies: [String: [String: JSON]]
    private var isHeardToMerge: Bool
    /// Whether others have merged into this contact.
    private let isJoined: Bool
    private let mayBeDescribed: Bool
    private let asksDates: Bool

    init(_ newcomer: Newcomer, _ loaded: LoadedFacts, now: Timestamp) throws {
        contact = newcomer.contact
        rules = newcomer.rules
        state = loaded.state(of: newcomer)
        var book = loaded.book(of: newcomer)
        consents = loaded.consents(of: contact)
        companies = loaded.companies(in: contact.workspace)
        isJoined = loaded.isJoined(contact)
        mayBeDescribed = newcomer.describes
        asksDates = newcomer.asksDates
        isHeardToMerge = newcomer.isHeardToMerge
        countsAfresh = newcomer.countsAfresh
        let history = loaded.history(of: contact)
        scoring = try PersonScoring(newcomer, loaded)
        known = history.events.last { !newcomer.fresh.contains($0.position) }?.position
        let facts = ContactFacts(
            rules.workspace, now: now, contact: state.seen(with: companies), stage: state.stage,
            segments: book.names, balances: scoring.balances, objects: state.objects, history: history.history)
        book.isClosed = state.objects
        course = ContactCourse(
            contact, rules.workspace, rules.segments, facts: facts, book: book, asked: newcomer.asked)
        isStirred = newcomer.hasMerged || newcomer.standing.isStirred
        course.facts.consents = consentedTopics
        if newcomer.isAskedWhole { course.pending = rules.segments.all }
        if newcomer.hasMerged { heedObjection() }
        meet(rules.revision, isOutdated: newcomer.isOutdated)
    }

    /// What new definitions make of the contact as it was is not the doing of the event at hand: the stage is booked, and
    /// starts nothing; segments are entered and left as backfill.
    private func meet(_ revision: Int32, isOutdated: Bool) {
        guard state.evaluatedRevision != revision else { return }
        if isOutdated, state.evaluatedRevision != 0 {
            course.facts.history.upTo = known ?? HistoryPosition(at: .distantPast, eventID: "")
            _ = course.advance(at: known ?? .end(of: course.facts.now))
            if course.pending.isEmpty { course.ask(rules.segments.all, .backfill, at: course.facts.now) }
        } else if isOutdated {
            course.pending = rules.segments.all
        }
        state.evaluatedRevision = revision
        isStirred = true
    }

    /// Applies one event.
    ///
    /// A late one is seen together with what was known before it came: a condition that holds only by all of them is met
    /// now, and at the place of the last.
    ///
    /// - Returns: the stage reached with it.
    func apply(_ event: AcceptedEvent) throws -> Stages.Reached? {
        let mayDescribe = mayBeDescribed && event.mayDescribe
        if mayDescribe { try describe(event) }
        try recordConsent(event)
        try addPoints(event)
        let place = max(event.position, known ?? event.position)
        return course.meet(
            event.name, at: place, describes: mayDescribe, givenStage: try event.givenStage,
            isSignalled: event.effect == .live || isHeardToMerge && !course.pending.isEmpty)
    }

    /// Looks at what time alone may have changed.
    ///
    /// - Parameter due: the first instant at which it may have.
    /// - Returns: the stage reached.
    func wake(at due: Timestamp) -> Stages.Reached? { course.wake(at: due) }

    /// Asks what is yet to be asked, for want of an event: of who was merged, or found by definitions.
    func settle(_ cause: SegmentMembers.Cause) { course.settle(cause) }

    /// Gives the moves their numbers, given the last ordinal of each segment entered, and the memberships that were left.
    func number(
        after ordinals: [SegmentMembers.Place: Int32], _ left: [SegmentMembers.Place: SegmentMembers.Membership]
    ) {
        course.book.number(after: ordinals, left)
    }

    var book: SegmentBook { course.book }
    var reached: [Stages.Reached] { course.reached }

    /// Before this instant time alone changes nothing of what was asked; nil where it never does.
    var steadyUntil: Timestamp? {
        guard asksDates else { return course.steadyUntil }
        let next = course.facts.nextDate(of: rules.dates, otherwise: rules.workspace.zone)
        return [course.steadyUntil, next].compactMap(\.self).min()
    }

    /// The dates with which journeys start that have come.
    func datesCome(
        wokenAt due: Timestamp?, describedAt: Timestamp?
    ) -> [(journey: String, occurrence: ContactDate.Occurrence)] {
        guard asksDates else { return [] }
        return course.facts.datesCome(
            rules.dates, wokenAt: due, describedAt: describedAt, otherwise: rules.workspace.zone)
    }

    /// Whether the contact is in another stage or segment now, or has another persona.
    var hasChanged: Bool { course.hasChanged }

    /// Whether the stage or the revision that it was last seen under changed.
    var hasAdvanced: Bool { isStirred || !course.reached.isEmpty }

    var standing: Contacts.Standing {
        Contacts.Standing(stage: course.facts.stage, evaluatedRevision: state.evaluatedRevision, objects: state.objects)
    }

    // MARK: Attributes

    private func describe(_ event: AcceptedEvent) throws {
        guard try state.describe(by: event, isJoined: isJoined) else { return }
        isDescribed = true
        course.facts.contact = state.seen(with: companies)
        course.facts.consents = consentedTopics
    }

    // MARK: Consent

    private func recordConsent(_ event: AcceptedEvent) throws {
        guard event.trust != .publicKey, EventNames.consents.contains(event.name),
            event.trust == .system || !EventNames.own.contains(event.name),
            let statement = try? ConsentStatement(try JSON(parsing: event.properties))
        else { return }
        let entry = rules.workspace.consentEntry(
            statement, named: event.name, of: state.key, at: event.at, eventID: event.eventID,
            otherwise: event.trust == .system ? "system" : "server")
        ledger.append(entry)
        guard consents.take(entry) else { return }
        if entry.state.isRefusal { withdrawn.append(entry) }
        course.facts.consents = consentedTopics
        if entry.topic == EventNames.profilingTopic { heedObjection() }
    }

    /// Whether the contact objects to profiling is what its ledger says last. Whoever objects has no points and is in no
    /// segment; whoever takes it back has all that the log knows of.
    private func heedObjection() {
        let objects = consents.objectToProfiling
        guard objects != state.objects else { return }
        state.objects = objects
        (hasTurned, isStirred) = (true, true)
        course.facts.objects = objects
        course.facts.balances = scoring.balances
        course.book.isClosed = objects
        course.pending = rules.segments.all
    }

    private var consentedTopics: Set<String> { consents.topics(givenAt: state.address) }

    /// The withdrawals of this batch that hold at its end, and so stop what is planned. One that the ledger held already
    /// has done so.
    var withdrawals: [Consents.Entry] { withdrawn.filter { consents.contains($0) } }

    // MARK: Scores

    private func addPoints(_ event: AcceptedEvent) throws {
        guard !state.objects || countsAfresh else { return }
        for model in try scoring.add(event) where !state.objects {
            course.facts.balances[model] = scoring.balance(of: model)
        }
    }

    /// The scores whose sums go: of whoever begins to object all of them.
    var clearedScores: [(contact: ContactKey, model: String)] {
        guard state.objects else { return scoring.cleared }
        let all = hasTurned || countsAfresh ? rules.workspace.scores.map { (contact: state.key, model: $0.name) } : []
        return scoring.cleared + all
    }

    var addends: [ScoreSums.Row] { state.objects ? [] : scoring.addends }
    var counts: [ScoreCounts.Row] { state.objects ? [] : scoring.counts }
}

extension AcceptedEvent {
    /// The stage to which a step of a journey brings the contact with this event.
    fileprivate var givenStage: String? {
        get throws {
            guard trust == .system, name == EventNames.stageGiven else { return nil }
            return try JSON(parsing: properties)["stage"]?.string
        }
    }
}
