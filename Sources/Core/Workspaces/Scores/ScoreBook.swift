public import Expressions
import JourneyProgram
public import Model
public import Scores

/// One contact's score of one model while events are added to it, in any order: the sums, and which events of capped rules
/// they are made of.
public struct ScoreBook: Sendable {
    /// A list of counted events: those of a rule, and with a cap for the day alone, of one day.
    public struct Slot: Sendable, Hashable {
        /// The rule's place in the model.
        public var rule: Int16
        /// The day's number since 1970 in the model's zone; 0 for the one list of a rule with a total.
        public var day: Int32

        public init(rule: Int16, day: Int32) {
            self.rule = rule
            self.day = day
        }
    }

    public let model: ScoreModel
    /// The sums as far as they are known.
    public private(set) var balance: ScoreBalance
    public private(set) var counted: [Slot: CountedEvents]
    /// What was added to the sums since the beginning.
    public private(set) var added = ScoreBalance()
    /// The lists that have changed since the beginning.
    public private(set) var recounted: Set<Slot> = []

    /// Begins with what is stored; of `counted`, the slots of the events that will be added must be there.
    public init(
        _ model: ScoreModel, balance: ScoreBalance = ScoreBalance(), counted: [Slot: CountedEvents] = [:]
    ) {
        self.model = model
        self.balance = balance
        self.counted = counted
    }

    /// A score counted from nothing.
    ///
    /// - Throws: `ScoreOverflow`.
    ///
    /// - Parameter carried: what events that the log no longer has gave, of each subject that the contact is.
    public init(
        _ model: ScoreModel, carried: [CarriedScore] = [], of events: some Sequence<HistoryEvent>
    ) throws(ScoreOverflow) {
        self.init(model)
        for score in carried { try add(score) }
        for event in events { try add(event) }
    }

    /// Adds an event that has not been added before.
    ///
    /// - Throws: `ScoreOverflow`; the score is then not to be used any more.
    public mutating func add(_ event: HistoryEvent) throws(ScoreOverflow) {
        let places = model.rules(fitting: event)
        // Most rules have neither cap nor end: what they give of one event goes into one sum.
        let weight = ScoreArithmetic.Weight(at: event.at, halfLife: model.halfLife)
        var plain: Int64 = 0
        for place in places {
            if model.isPlain(place) {
                plain += weight.amount(of: model.rules[place].points)
            } else {
                try add(event.position, by: place)
            }
        }
        if plain != 0 { try add(ScoreTerm(epoch: weight.epoch, amount: plain)) }
        if let given = model.given(by: event) { try add(model.term(of: given, at: event.at)) }
    }

    /// Adds what an event at a place in the history earns by the rule at a place of the model.
    private mutating func add(_ position: HistoryPosition, by place: Int) throws(ScoreOverflow) {
        let term = model.term(of: place, at: position.at)
        guard let slot = model.slot(of: place, at: position.at), let cap = model.rules[place].cap else {
            return try add(term)
        }
        let admission = counted[slot, default: CountedEvents()].admit(position, under: cap, day: model.day(of:))
        if admission == .notCounted { return }
        recounted.insert(slot)
        try add(term)
        if case .insteadOf(let other) = admission { try add(model.term(of: place, at: other.at).negated) }
    }

    private mutating func add(_ score: CarriedScore) throws(ScoreOverflow) {
        for term in score.balance.terms { try add(term) }
        for (slot, events) in score.counted where model.rules.indices.contains(Int(slot.rule)) {
            for position in events.places { try add(position, by: Int(slot.rule)) }
        }
    }

    /// Counts capped events afresh, where the lists of two contacts have been put together.
    ///
    /// - Throws: `ScoreOverflow`.
    public mutating func settle() throws(ScoreOverflow) {
        for slot in counted.keys {
            let place = Int(slot.rule)
            guard model.rules.indices.contains(place), let cap = model.rules[place].cap else { continue }
            let before = counted[slot]
            let dropped = counted[slot]?.settle(under: cap, day: model.day(of:)) ?? []
            if counted[slot] != before { recounted.insert(slot) }
            for event in dropped { try add(model.term(of: place, at: event.at).negated) }
        }
    }

    private mutating func add(_ term: ScoreTerm) throws(ScoreOverflow) {
        guard balance.add(term), added.add(term) else { throw ScoreOverflow(model: model.name) }
    }
}

extension ScoreModel {
    /// What an event adds, caps aside.
    public func terms(of event: HistoryEvent) -> [ScoreTerm] {
        let terms = rules(fitting: event).map { term(of: $0, at: event.at) }
        return given(by: event).map { terms + [term(of: $0, at: event.at)] } ?? terms
    }

    /// What a step gives to this score with an event.
    func given(by event: HistoryEvent) -> GivenPoints? {
        guard event.name == EventNames.pointsGiven, takesPoints else { return nil }
        return GivenPoints(event.properties).flatMap { $0.model == name ? $0 : nil }
    }

    /// What a step adds: no rule's cap is on it, and it fades as all that the score is made of.
    func term(of given: GivenPoints, at instant: Timestamp) -> ScoreTerm {
        ScoreArithmetic.term(points: given.points, at: instant, halfLife: halfLife, expiry: given.expiry)
    }

    /// Whether the rule at a place has neither cap nor end.
    func isPlain(_ place: Int) -> Bool { rules[place].cap == nil && rules[place].expiry == nil }

    /// What an event at an instant adds by the rule at a place.
    func term(of place: Int, at instant: Timestamp) -> ScoreTerm {
        ScoreArithmetic.term(
            points: rules[place].points, at: instant, halfLife: halfLife, expiry: rules[place].expiry)
    }

    /// The list in which an event of the rule at a place is counted; nil for a rule without a cap.
    func slot(of place: Int, at instant: Timestamp) -> ScoreBook.Slot? {
        rules[place].cap.map { ScoreBook.Slot(rule: Int16(place), day: $0.total == nil ? day(of: instant) : 0) }
    }

    /// The lists in which an event is counted.
    public func slots(of event: String, at instant: Timestamp) -> [ScoreBook.Slot] {
        places(of: event).compactMap { slot(of: $0, at: instant) }
    }

    /// The number of an instant's day since 1970, in the workspace's zone.
    public func day(of instant: Timestamp) -> Int32 {
        let local = instant + .seconds(zone.offset(at: instant))
        return Int32(clamping: local.microseconds.flooredDivision(by: Span.days(1).microseconds).quotient)
    }
}

/// A contact has earned more points than a sum holds: the event that would be too many is set aside.
public struct ScoreOverflow: Error, CustomStringConvertible {
    public var model: String
    public var description: String { "the score \"\(model)\" of one contact has grown past what can be counted" }
}
