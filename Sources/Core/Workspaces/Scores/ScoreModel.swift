public import Expressions
import JourneyProgram
public import Model
import Scores

/// A score: how events and attributes give points, how these fade or end, and what ranges of it are called.
public final class ScoreModel: Sendable {
    public let name: String
    /// nil: points do not fade.
    public let halfLife: Span?
    public let rules: [PointRule]
    /// What attributes give, as long as they are what they are.
    public let fit: [FitRule]
    /// Named ranges, from the lowest on; empty without names.
    public let bands: [ScoreBand]
    /// How long points count where neither their rule nor the step that gives them says; nil: for good.
    let expiry: Span?
    /// Where the days of caps begin and end.
    public let zone: LocalZone
    /// By event.
    private let readings: [String: PointReading]

    init(
        name: String, halfLife: Span?, rules: [PointRule], fit: [FitRule] = [], bands: [ScoreBand] = [],
        expiry: Span? = nil, zone: LocalZone
    ) {
        self.name = name
        self.halfLife = halfLife
        self.rules = rules
        self.fit = fit
        self.bands = bands
        self.expiry = expiry
        self.zone = zone
        var readings = Dictionary(grouping: rules.indices) { rules[$0].event }.mapValues { PointReading(rules, at: $0) }
        if Self.takesPoints(rules, fit) {
            let given = EventNames.pointsGiven
            readings[given] = PointReading(rules, at: readings[given]?.places ?? [], alwaysAsks: true)
        }
        self.readings = readings
    }
}

/// Points that one kind of event gives.
public struct PointRule: Sendable {
    public let event: String
    /// Thousandths of a point, within `ScoreArithmetic.largestPoints` either way.
    public let points: Int64
    /// Sees the event only.
    public let when: Expression?
    /// How many events give the points; nil: all of them.
    public let cap: PointCap?
    /// How long the points of an event count; nil: for good.
    public let expiry: Span?

    /// Whether it counts only what people did, and no machine in their place: of opens and clicks, unless the condition asks
    /// itself who it was.
    var countsPeopleAlone: Bool {
        EventNames.tracked.contains(event) && !(when?.source.contains(Self.whoDidIt) ?? false)
    }

    /// Whether an event is somebody's own doing, as far as the rule minds.
    func minds(_ event: HistoryEvent) -> Bool { !countsPeopleAlone || Self.isPersonsOwn(event) }

    /// Whether nothing says that a machine did it; events of the release before say nothing of it.
    static func isPersonsOwn(_ event: HistoryEvent) -> Bool {
        ["human", nil].contains(event.properties[whoDidIt]?.string)
    }

    private static let whoDidIt = "kind"

    /// What the workspace says of pages; empty where the condition does not look at the page.
    var pages: [PageRule] = []

    /// Whether the condition looks at where the event happened.
    var usesContext: Bool { usesPage || when?.readsEvent("context") ?? false }

    var usesPage: Bool { when?.readsEvent("page") ?? false }

    /// The same rule, on these pages.
    func on(_ pages: [PageRule]) -> PointRule {
        var rule = self
        rule.pages = usesPage ? pages : []
        return rule
    }
}

/// How many of a contact's events give points by one rule: the first ones in (time, event id) order.
public struct PointCap: Sendable, Hashable {
    /// The largest number of either.
    public static let limit = 1000

    /// In one day of the workspace's zone.
    public var perDay: Int?
    /// In all, of those that the day's cap lets through.
    public var total: Int?

    public init(perDay: Int? = nil, total: Int? = nil) {
        self.perDay = perDay
        self.total = total
    }
}

/// Points that a contact has while its attributes meet a condition.
public struct FitRule: Sendable {
    /// Sees the attributes only.
    public let when: Expression
    /// Thousandths of a point, within `ScoreArithmetic.largestPoints` either way.
    public let points: Int64
}

/// A named range of a score.
public struct ScoreBand: Sendable, Hashable {
    public let name: String
    /// Where it begins, in thousandths of a point; nil for one without a lower end.
    public let from: Int64?
}

extension ScoreModel {
    /// The same score, on these pages.
    func on(_ pages: [PageRule]) -> ScoreModel {
        ScoreModel(
            name: name, halfLife: halfLife, rules: rules.map { $0.on(pages) }, fit: fit, bands: bands, expiry: expiry,
            zone: zone)
    }

    /// Whether events give points, and so steps may; attributes alone make the others.
    public var takesPoints: Bool { Self.takesPoints(rules, fit) }

    private static func takesPoints(_ rules: [PointRule], _ fit: [FitRule]) -> Bool { !rules.isEmpty || fit.isEmpty }

    /// Whether an event of this name may give points.
    public func mentions(_ event: String) -> Bool { readings[event] != nil }

    /// The places of an event's rules.
    func places(of event: String) -> [Int] { readings[event]?.places ?? [] }

    /// The events that may give points.
    public var mentionedEvents: Set<String> { Set(readings.keys) }

    /// Whether what an event of this name says may matter, not only that it happened.
    public func asks(of event: String) -> Bool { readings[event]?.asks ?? false }

    /// Whether the context of an event of this name may matter: `event.context` in a condition.
    public func asksContext(of event: String) -> Bool { readings[event]?.asksContext ?? false }

    /// Whether any of its rules has a cap.
    public var hasCaps: Bool { readings.values.contains(where: \.caps) }

    /// Whether points by any of its rules have an end.
    public var hasEnds: Bool { rules.contains { $0.expiry != nil } }

    /// Whether an event of this name may fall under a cap.
    public func caps(_ event: String) -> Bool { readings[event]?.caps ?? false }

    /// Whether the stored sums of one are those of the other: what attributes and bands say is not stored.
    public func countsAs(_ other: ScoreModel) -> Bool {
        halfLife == other.halfLife && rules.elementsEqual(other.rules, by: { $0.countsAs($1) })
            && (zone == other.zone || !rules.contains { $0.cap?.perDay != nil })
    }

    /// The name of the range that a value lies in; nil below the first.
    public func band(of value: Double) -> String? {
        bands.last { $0.begins(below: value) }?.name
    }
}

extension ScoreBand {
    /// Whether the range begins at a value or below it.
    func begins(below value: Double) -> Bool { from.map { Double($0) / 1000 <= value } ?? true }
}

extension ScoreModel {
    /// The places of the rules by which an event earns points, caps aside. What conditions see of it is made once, where one
    /// needs more than a property.
    func rules(fitting event: HistoryEvent) -> [Int] {
        guard let reading = readings[event.name] else { return [] }
        guard reading.asks else { return reading.places }
        let properties = reading.paths.map { path in
            path.reduce(Optional(event.properties)) { value, field in value?[field] }
        }
        let isPersonsOwn = PointRule.isPersonsOwn(event)
        lazy var world = Narrow(seeing: event, in: reading)
        var fitting: [Int] = []
        fitting.reserveCapacity(reading.asked.count)
        for rule in reading.asked where isPersonsOwn || !rule.countsPeopleAlone {
            let holds =
                switch rule.question {
                case .nothing: true
                case .property(let number, let test): test.holds(of: properties[number])
                case .condition(let when): when.holds(in: world).holds
                }
            if holds { fitting.append(rule.place) }
        }
        return fitting
    }
}

extension PointRule {
    /// Whether an event earns the points, caps aside.
    public func fits(_ event: HistoryEvent) -> Bool {
        guard self.event == event.name else { return false }
        guard minds(event) else { return false }
        guard let when else { return true }
        return when.holds(in: Narrow(seeing: event, in: PointReading([self], at: [0]))).holds
    }

    fileprivate func countsAs(_ other: PointRule) -> Bool {
        event == other.event && points == other.points && when?.source == other.when?.source && cap == other.cap
            && expiry == other.expiry && pages == other.pages
    }
}

extension ScoreModel {
    /// What fit rules give to a contact with these attributes, in thousandths of a point.
    public func fitPoints(of contact: JSON) -> Int64 {
        fit.reduce(0) { $1.fits(contact) ? ScoreArithmetic.sum($0, $1.points) : $0 }
    }
}

extension FitRule {
    /// Whether attributes earn the points.
    public func fits(_ contact: JSON) -> Bool {
        when.holds(in: Narrow(now: Timestamp(microseconds: 0), contact: contact)).holds
    }
}

/// A world of one event, or of one contact's attributes, and nothing else.
private struct Narrow: EvaluationContext {
    var now: Timestamp
    var event: JSON?
    var contact: JSON = .null
    /// Laid out for many rules.
    var eventRecord: Value?
    var eventValue: Value? { eventRecord ?? event.map { Value($0) } }
    var stage: String? { nil }
    var history: History { History() }
    var runStart: HistoryPosition? { nil }
    func consented(_ topic: String) -> Bool { false }
    func score(_ model: String) -> Double { 0 }
    func halfLife(ofScore model: String) -> Span? { nil }
}

extension Narrow {
    init(seeing event: HistoryEvent, in reading: PointReading) {
        let view = reading.view(of: event)
        self.init(now: event.at, event: view)
        if reading.isMuchAsked { eventRecord = Value.map(MapValue(Record(view))) }
    }
}
