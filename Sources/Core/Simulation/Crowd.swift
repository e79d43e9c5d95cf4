import Expressions
import JourneyProgram
public import Model
import SendGate
public import Workspaces

/// People who do what a workspace looks at, at random: the same people for the same seed.
public struct Crowd: Sendable {
    private let names: [String]
    private let attributes: [SourceWords.Member]
    private let properties: [SourceWords.Member]
    private let topics: [String]
    private let dates: [CrowdDate]
    private let start: Timestamp
    private let span: Span
    private var dice: CrowdDice
    private var count = 0

    /// - Parameter span: how long they are active.
    public init(_ workspace: Workspace, seed: UInt64, from start: Timestamp, for span: Span) {
        self.start = start
        self.span = span
        dice = CrowdDice(seed: seed)
        topics = workspace.topics.map(\.name).sorted()
        let sources = workspace.sources
        dates = CrowdDate.all(of: workspace.journeys.flatMap(\.journey.dates))
        let others = Set(dates.map(\.path[0])).union(["email", "company"])
        attributes = SourceWords.members(of: "contact", in: sources).filter { !others.contains($0.name) }
        properties = SourceWords.members(of: "event.properties", in: sources)
        let entries = workspace.journeys.compactMap { definition -> String? in
            if case .event(let name, _) = definition.journey.entry.trigger { name } else { nil }
        }
        let more = workspace.interestingEvents.union(workspace.scores.flatMap(\.mentionedEvents))
            .union(workspace.policy.saleEvents).subtracting(EventNames.consents).filter { !$0.hasPrefix("Email ") }
        // What starts a journey comes twice as often.
        names = entries.sorted() + more.sorted()
    }

    /// The next of them.
    public mutating func next() -> TestedContact {
        count += 1
        var contact = PlayedContact(name: "contact-\(count)")
        contact.attributes["email"] = .string("contact-\(count)@crowd.example")
        for member in attributes {
            guard dice.below(4) > 0 else { continue }
            contact.attributes[member.name] = value(of: member)
        }
        for date in dates where dice.below(4) > 0 {
            let value = JSON.string(date.drawn(around: instant(), &dice))
            contact.attributes.set(value, at: date.path[...])
        }
        contact.consents = topics.filter { _ in dice.below(10) < 7 }
        return TestedContact(contact: contact, events: events())
    }

    private mutating func events() -> [PlayedEvent] {
        guard !names.isEmpty else { return [] }
        var events = (0..<(1 + dice.below(10))).map { number -> PlayedEvent in
            let name = names[dice.below(names.count)]
            let members = properties.map { ($0.name, value(of: $0)) }
            return PlayedEvent(
                HistoryEvent(
                    at: instant(), eventID: "e\(1_000 + number)", name: name,
                    properties: .object(Dictionary(members) { first, _ in first })))
        }
        if !topics.isEmpty, dice.below(20) == 0 {
            let topic = topics[dice.below(topics.count)]
            events.append(
                PlayedEvent(consent: topic, named: EventNames.consentWithdrawn, at: instant(), eventID: "unsubscribe"))
        }
        return events.sorted { $0.event.position < $1.event.position }
    }

    /// To the minute.
    private mutating func instant() -> Timestamp {
        start + .minutes(Int64(dice.below(max(1, Int(span.microseconds / 60_000_000)))))
    }

    private mutating func value(of member: SourceWords.Member) -> JSON {
        if member.values.isEmpty { return .string("\(member.name)-\(count)-\(dice.below(1_000_000))") }
        return member.values[dice.below(member.values.count)]
    }
}

extension Workspace {
    /// The conditions of all definitions, as they are written.
    fileprivate var sources: [String] {
        let rules = scores.flatMap { $0.rules.compactMap(\.when) + $0.fit.map(\.when) }
        let conditions = stages.compactMap(\.when) + segments.map(\.when) + personas.ordered.map(\.when) + rules
        return conditions.map(\.source) + journeys.flatMap(\.journey.sources)
    }
}

/// What conditions say of the members of an object.
enum SourceWords {
    struct Member: Sendable {
        var name: String
        /// Values that make a difference to some condition; empty where none is named.
        var values: [JSON]
    }

    /// The members of `object` that sources name, each with what it is compared with.
    static func members(of object: String, in sources: [String]) -> [Member] {
        var values: [String: [JSON]] = [:]
        for source in sources {
            var rest = source[...]
            while let found = rest.firstRange(of: object + ".") {
                rest = rest[found.upperBound...]
                let name = rest.prefix { $0 == "_" || $0.isLetter || $0.isNumber }
                rest = rest.dropFirst(name.count)
                guard !name.isEmpty else { continue }
                for value in compared(rest) where !(values[String(name)] ?? []).contains(value) {
                    values[String(name), default: []].append(value)
                }
                values[String(name), default: []] += []
            }
        }
        return values.sorted { $0.key < $1.key }.map { Member(name: $0.key, values: $0.value) }
    }

    /// What stands behind a comparison at the beginning of a text; of a number also its neighbours.
    private static func compared(_ text: Substring) -> [JSON] {
        let text = text.drop { " =!<>".contains($0) }
        if let quote = text.first, quote == "\"" || quote == "'" {
            let word = text.dropFirst().prefix { $0 != quote }
            return [.string(String(word)), .string("other")]
        }
        if text.hasPrefix("true") || text.hasPrefix("false") { return [.bool(true), .bool(false)] }
        guard let number = Int64(text.prefix { $0.isNumber }) else { return [] }
        let next = number.addingReportingOverflow(1)
        return [.int(max(0, number - 1)), .int(number)] + (next.overflow ? [] : [.int(next.partialValue)])
    }
}

/// SplitMix64.
struct CrowdDice: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(limit)).high) }
}
