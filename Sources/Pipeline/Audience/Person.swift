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
    private(set) var hasAdvanced: Bool
    private(set) var book: SegmentBook
    private(set) var reached: [Stages.Reached] = []
    private(set) var ledger: [Consents.Entry] = []
    private var withdrawn: [Consents.Entry] = []

    private var consents: [Consents.Entry]
    private var facts: ContactFacts
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
    private let asked: Set<Int>
    /// The places of segments and personas that are yet to be asked about, whatever happens.
    private var pending: Set<Int> = []
    private var isHeardToMerge: Bool
    /// Before this instant time alone changes nothing of the stages that were asked about.
    private var stageSteadyUntil = Timestamp.distantFuture
    /// Whether others have merged into this contact.
    private let isJoined: Bool
    private let mayBeDescribed: Bool
    private let asksDates: Bool

    init(_ newcomer: Newcomer, _ loaded: LoadedFacts, now: Timestamp) throws {
        contact = newcomer.contact
        rules = newcomer.rules
        asked = newcomer.asked
        state = loaded.state(of: newcomer)
        book = loaded.book(of: newcomer)
        consents = loaded.consents(of: contact)
        companies = loaded.companies(in: contact.workspace)
        isJoined = loaded.isJoined(contact)
        mayBeDescribed = newcomer.describes
        asksDates = newcomer.asksDates
        isHeardToMerge = newcomer.isHeardToMerge
        countsAfresh = newcomer.countsAfresh
        let history = loaded.history(of: contact)
        scoring = try PersonScoring(newcomer, loaded)
        known = history.events.lazy.map(\.position).filter { !newcomer.fresh.contains($0) }.max()
        facts = ContactFacts(
            rules.workspace, now: now, contact: state.seen(with: companies), stage: state.stage,
            segments: book.names, balances: scoring.balances, objects: state.objects, history: history.history)
        hasAdvanced = newcomer.hasMerged || newcomer.standing.isStirred
        facts.consents = consentedTopics
        book.isClosed = state.objects
        if newcomer.isAskedWhole { pending = rules.segments.all }
        if newcomer.hasMerged { heedObjection() }
        meet(rules.revision, isOutdated: newcomer.isOutdated)
    }

    /// What new definitions make of the contact as it was is not the doing of the event at hand: the stage is booked, and
    /// starts nothing; segments are entered and left as backfill.
    private func meet(_ revision: Int32, isOutdated: Bool) {
        guard state.evaluatedRevision != revision else { return }
        if isOutdated, state.evaluatedRevision != 0 {
            facts.history.upTo = known ?? HistoryPosition(at: .distantPast, eventID: "")
            _ = advance(at: known ?? .end(of: facts.now))
            if pending.isEmpty { ask(rules.segments.all, .backfill, at: facts.now) }
        } else if isOutdated {
            pending = rules.segments.all
        }
        state.evaluatedRevision = revision
        hasAdvanced = true
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
        facts.history.upTo = place
        let reached = advance(at: place)
        var places = rules.segments.touched(by: event.name, describes: mayDescribe)
        if reached != nil { places.formUnion(rules.segments.staged) }
        ask(
            places.union(pending), .event, at: place.at, eventID: place.eventID,
            isSignalled: event.effect == .live || isHeardToMerge && !pending.isEmpty)
        return reached
    }

    /// Looks at what time alone may have changed.
    ///
    /// - Parameter due: the first instant at which it may have.
    /// - Returns: the stage reached.
    func wake(at due: Timestamp) -> Stages.Reached? {
        facts.history.upTo = nil
        let reached = advance(at: .end(of: due), isLate: due < facts.now)
        var places = rules.segments.timed
        if reached != nil { places.formUnion(rules.segments.staged) }
        ask(places.union(pending), .time, at: due, stageSince: reached?.at)
        return reached
    }

    /// Asks what is yet to be asked, for want of an event: of who was merged, or found by definitions.
    func settle(_ cause: SegmentMembers.Cause) {
        guard !pending.isEmpty || cause == .backfill else { return }
        facts.history.upTo = nil
        if cause == .backfill { _ = advance(at: .end(of: facts.now)) }
        ask(pending, cause, at: facts.now)
    }

    private func ask(
        _ places: Set<Int>, _ cause: SegmentMembers.Cause, at: Timestamp, eventID: String? = nil,
        stageSince: Timestamp? = nil, isSignalled: Bool = true
    ) {
        pending = []
        let occasion = SegmentBook.Occasion(
            at: at, stageSince: stageSince, eventID: eventID, cause: cause, isSignalled: isSignalled)
        book.ask(places, of: &facts, on: occasion)
    }

    /// Gives the moves their numbers, given the last ordinal of each segment entered.
    func number(after ordinals: [SegmentMembers.Place: Int32]) { book.number(after: ordinals) }

    /// Before this instant time alone changes nothing of what was asked; nil where it never does.
    var steadyUntil: Timestamp? {
        let instant = min(stageSteadyUntil, book.steadyUntil, nextDate)
        return instant < .distantFuture ? max(instant, facts.now + Span(microseconds: 1)) : nil
    }

    // MARK: Dates

    private static let oldestSaidDate = Span.days(1)

    /// The dates with which journeys start that have come since a wake was due, or since an event said what they are; of
    /// those that are older than a day when they are said nothing comes. One that is told twice starts nothing twice.
    func datesCome(
        wokenAt due: Timestamp?, describedAt: Timestamp?
    ) -> [(journey: String, occurrence: ContactDate.Occurrence)] {
        let start = due ?? describedAt.map { max($0, facts.now - Self.oldestSaidDate) }
        guard asksDates, let start, start <= facts.now else { return [] }
        let zone = self.zone
        return rules.dates.flatMap { journey, date in
            date.occurrences(from: start, through: facts.now, of: facts.contact, in: zone).map { (journey, $0) }
        }
    }

    /// The first date that is to come.
    private var nextDate: Timestamp {
        guard asksDates else { return .distantFuture }
        let zone = self.zone
        return rules.dates.compactMap { $0.date.first(after: facts.now, of: facts.contact, in: zone)?.at }.min()
            ?? .distantFuture
    }

    private var zone: LocalZone { LocalZone(of: facts.contact, otherwise: rules.workspace.zone) }

    /// Whether the contact is in another stage or segment now, or has another persona.
    var hasChanged: Bool { !reached.isEmpty || !book.entries.isEmpty || book.hasNewPersona }

    var standing: Contacts.Standing {
        Contacts.Standing(stage: state.stage, evaluatedRevision: state.evaluatedRevision, objects: state.objects)
    }

    // MARK: Attributes

    private func describe(_ event: AcceptedEvent) throws {
        guard try state.describe(by: event, isJoined: isJoined) else { return }
        isDescribed = true
        facts.contact = state.seen(with: companies)
        facts.consents = consentedTopics
    }

    // MARK: Consent

    private func recordConsent(_ event: AcceptedEvent) throws {
        guard event.trust != .publicKey, EventNames.consents.contains(event.name),
            let statement = try? ConsentStatement(try JSON(parsing: event.properties))
        else { return }
        let entry = Consents.Entry(
            contact: state.key, topic: statement.topic, channel: statement.channel, address: statement.address,
            at: event.at, eventID: event.eventID, state: event.name == EventNames.consentGiven ? .given : .withdrawn,
            wording: statement.wording,
            source: statement.source ?? (event.trust == .system ? "system" : "server"))
        ledger.append(entry)
        let standing = consents.firstIndex { $0.sameMatter(as: entry) }
        if let standing, entry.yields(to: consents[standing]) { return }
        if let standing { consents.remove(at: standing) }
        consents.append(entry)
        if entry.state == .withdrawn { withdrawn.append(entry) }
        facts.consents = consentedTopics
        if entry.topic == EventNames.profilingTopic { heedObjection() }
    }

    /// Whether the contact objects to profiling is what its ledger says last. Whoever objects has no points and is in no
    /// segment; whoever takes it back has all that the log knows of.
    private func heedObjection() {
        let objects = consents.objectToProfiling
        guard objects != state.objects else { return }
        state.objects = objects
        (hasTurned, hasAdvanced) = (true, true)
        facts.objects = objects
        facts.balances = scoring.balances
        book.isClosed = objects
        pending = rules.segments.all
    }

    private var consentedTopics: Set<String> { consents.topics(givenAt: state.address) }

    /// The withdrawals of this batch that hold at its end, and so stop what is planned. One that the ledger held already
    /// has done so.
    var withdrawals: [Consents.Entry] { withdrawn.filter { consents.contains($0) } }

    // MARK: Scores and stages

    private func addPoints(_ event: AcceptedEvent) throws {
        guard !state.objects || countsAfresh else { return }
        for model in try scoring.add(event) where !state.objects {
            facts.balances[model] = scoring.balance(of: model)
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

    /// - Parameter isLate: whether the place is only the first at which time may have changed the stage.
    private func advance(at place: HistoryPosition, isLate: Bool = false) -> Stages.Reached? {
        let (workspace, asked, held) = (rules.workspace, asked, state.stage)
        guard let (stage, validUntil) = workspace.stage(of: facts, before: held, asked: asked) else { return nil }
        stageSteadyUntil = min(stageSteadyUntil, validUntil)
        guard stage != held else { return nil }
        var place = place
        if isLate {
            let instant = facts.since(place.at, stage) {
                workspace.stage(of: $0, before: held, asked: asked) ?? (stage, .distantFuture)
            }
            place = .end(of: instant)
        }
        let step = Stages.Reached(
            contact: state.key, stage: stage, previous: state.stage, at: place.at, eventID: place.eventID ?? "")
        reached.append(step)
        state.stage = stage
        facts.stage = stage
        hasAdvanced = true
        return step
    }
}

extension Consents.Entry {
    fileprivate func sameMatter(as other: Consents.Entry) -> Bool {
        topic == other.topic && channel == other.channel && address == other.address
    }

    /// Whether another entry on the same matter holds rather than this one: the later, of two at one instant the
    /// withdrawal, and this one itself where it stands already.
    fileprivate func yields(to other: Consents.Entry) -> Bool {
        if isOutdone(by: other) { return true }
        if other.isOutdone(by: self) { return false }
        if at != other.at { return at < other.at }
        if state != other.state { return other.state == .withdrawn }
        return true
    }
}
