import Expressions

/// What conditions ask the world for; what is not mentioned cannot change what they come to.
public struct Mentions: Sendable, Hashable {
    /// The events that must be in the history.
    public var events: Set<String> = []
    /// Whether a score is read.
    public var scores = false
    /// Whether a consent is asked for.
    public var consents = false
    /// Whether a segment is asked for.
    public var segments = false
    /// Whether it is asked where an awaited event happened: its context, or its page.
    public var places = false
    /// Whether the persona is asked for.
    public var persona = false
    /// The templates that must be known to have been sent.
    public var templates: Set<String> = []

    public init() {}

    init(_ conditions: some Sequence<Expression>) {
        for condition in conditions {
            events.formUnion(condition.mentionedEvents)
            scores = scores || !condition.mentionedScores.isEmpty
            consents = consents || !condition.mentionedTopics.isEmpty
            segments = segments || !condition.mentionedSegments.isEmpty
            persona = persona || condition.usesPersona
            places = places || condition.readsEvent("context") || condition.readsEvent("page")
        }
    }

    public mutating func formUnion(_ other: Mentions) {
        // Mostly the first of a contact: then the storage is shared.
        if events.isEmpty { events = other.events } else { events.formUnion(other.events) }
        scores = scores || other.scores
        consents = consents || other.consents
        segments = segments || other.segments
        persona = persona || other.persona
        places = places || other.places
        if !other.templates.isEmpty { templates.formUnion(other.templates) }
    }

    public func union(_ other: Mentions) -> Mentions {
        var union = self
        union.formUnion(other)
        return union
    }
}

extension ContentRules {
    /// What they look at; of the event that a run begins with, its name.
    func mentions(entryOf trigger: Journey.Trigger) -> Mentions {
        var mentions = Mentions(conditions)
        mentions.persona = mentions.persona || cells.contains { $0.persona != nil }
        if case .event(let name, _) = trigger, conditions.contains(where: \.usesEvent) { mentions.events.insert(name) }
        return mentions
    }
}

extension Journey.Entry {
    /// The condition and the key. The event that they are asked of is given with the question.
    var conditions: [Expression] {
        var conditions: [Expression] = []
        switch trigger {
        case .event(_, let when?), .date(_, let when?): conditions.append(when)
        case .event, .date, .stage, .segment, .left, .broadcast, .called: break
        }
        if case .perKey(let key) = again { conditions.append(key) }
        return conditions
    }
}

extension StepTable {
    /// What its waits and branches look at. The passes of what repeats look at the same.
    var mentions: Mentions {
        let operations = lines.lazy.filter { $0.visit == 1 }.map(\.operation)
        var mentions = Mentions(conditions)
        for case .await(let awaited, _) in operations {
            for case .event(let name, _) in awaited.map(\.what) { mentions.events.insert(name) }
        }
        mentions.templates = onceTemplates
        return mentions
    }

    /// The expressions that its steps evaluate, in no order. The passes of what repeats evaluate the same.
    var conditions: [Expression] { lines.lazy.filter { $0.visit == 1 }.flatMap(\.operation.conditions) }

    /// The conditions that are waited for.
    var awaitedConditions: [Expression] {
        lines.lazy.filter { $0.visit == 1 }.flatMap { line -> [Expression] in
            guard case .await(let awaited, _) = line.operation else { return [] }
            return awaited.compactMap { if case .condition(let condition) = $0.what { condition } else { nil } }
        }
    }
}

extension StepTable.Operation {
    /// The expressions that it evaluates.
    fileprivate var conditions: [Expression] {
        switch self {
        case .email, .stream, .test, .call, .wait, .waitUntil, .waitUntilDate, .split, .change, .end: []
        case .await(let awaited, _):
            awaited.compactMap { each in
                switch each.what {
                case .event(_, let when): when
                case .condition(let condition): condition
                }
            }
        case .choose(let arms): arms.map(\.when)
        case .select(let value, _): [value]
        case .leave(let until, _): [until]
        }
    }
}
