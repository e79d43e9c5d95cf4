public import Model

/// The world in which an expression is evaluated: one contact, at one instant, at one place in its history.
public protocol EvaluationContext {
    /// Domain time of the evaluation: where windows end.
    var now: Timestamp { get }
    /// The contact's attributes, an object; `null` counts as empty.
    var contact: JSON { get }
    /// The contact's stage; nil reads as the empty string.
    var stage: String? { get }
    /// The event at hand (`name`, `properties`, `context`, `at` …); asked only of expressions whose scope has `event`.
    var event: JSON? { get }
    /// What the contact did, bounded at the place of the evaluation; events later than `now` count unless that bound
    /// shuts them out.
    var history: History { get }
    /// Where the run began; `run.did` and its siblings see events strictly behind it.
    var runStart: HistoryPosition? { get }

    /// `contact` as expressions see it; a context that many expressions read gives a `Record`, made once.
    var contactValue: Value { get }
    /// `event` likewise.
    var eventValue: Value? { get }
    /// A variable of standard CEL, or `answers` of a run.
    func variable(_ name: String) -> Value?

    /// Whether the contact has consented to a topic and not withdrawn.
    func consented(_ topic: String) -> Bool

    /// Whether the contact is in a segment, as membership stands; how long it stays so is the membership's own to tell.
    /// The default, for contexts without segments, is no.
    func isInSegment(_ name: String) -> Bool

    /// The score's value at `now`; 0 for a model that has none.
    func score(_ model: String) -> Double

    /// The time in which the score halves; nil when time alone does not change it.
    func halfLife(ofScore model: String) -> Span?

    /// An instant before which the score, if no event comes, stays on its side of `threshold` (above, below or equal).
    ///
    /// May be early, never late. The default solves the exponential decay of `halfLife(ofScore:)`; a context whose scores
    /// are rounded answers itself, so that the rounding is accounted for.
    func score(_ model: String, staysUntil threshold: Double) -> Timestamp

    /// The name of the range that the score lies in, nil for none, and an instant before which time alone cannot change
    /// that. The default, for contexts without ranges, is none.
    func band(ofScore model: String) -> (name: String?, validUntil: Timestamp)
}

extension EvaluationContext {
    public var contactValue: Value { contact == .null ? .map(MapValue([:])) : Value(contact) }

    public var eventValue: Value? { event.map { Value($0) } }

    public func variable(_ name: String) -> Value? { nil }

    public func isInSegment(_ name: String) -> Bool { false }

    public func band(ofScore model: String) -> (name: String?, validUntil: Timestamp) { (nil, .distantFuture) }

    public func score(_ model: String, staysUntil threshold: Double) -> Timestamp {
        guard let halfLife = halfLife(ofScore: model) else { return .distantFuture }
        return ScoreDecay(value: score(model), halfLife: halfLife).crossing(of: threshold, from: now)
    }
}
