public import Expressions
public import Model

/// An image with its link in a mail, chosen when the mail is opened.
public struct LiveBlock: Sendable {
    /// What is shown, and where it leads.
    public struct Content: Sendable, Hashable {
        /// An http or https URL, as `link`.
        public var image: String
        /// Nil where the block leads nowhere.
        public var link: String?
    }

    public struct Rule: Sendable {
        public var when: Expression
        public var content: Content
    }

    public var name: String
    /// What is read where no image is shown, in the workspace's own language.
    public var alternative: String
    public var alternatives: [LanguageTag: String] = [:]
    /// In pixels, where it says so.
    public var width: Int?
    public var height: Int?
    /// Where the value of `live` is asked for.
    public var source: WebhookURL?
    /// The first that holds counts.
    public var rules: [Rule]
    /// What is shown where none holds, and to all that is no reader.
    public var fallback: Content

    /// What a reader is shown.
    public func content(for opening: Opening) -> Content {
        rules.first { $0.when.holds(in: opening).holds }?.content ?? fallback
    }

    /// Whether a rule looks at `live`, so that its source is worth being asked.
    public var asksSource: Bool { source != nil && rules.contains { $0.when.mentionedOpening.contains("live") } }

    public func alternative(in language: LanguageTag?) -> String {
        (language?.fallbacks ?? []).lazy.compactMap { alternatives[$0] }.first ?? alternative
    }
}

/// The moment at which a mail is opened, as rules see it: no contact, since whoever opens is not known for sure.
public struct Opening: Sendable {
    public var now: Timestamp
    /// `mobile`, `tablet`, `desktop` or `tv`; empty where that is not known.
    public var device: String
    /// Country (in two letters), region and city, as far as they are known.
    public var place: [String: JSON]
    /// Whose clock shows `time`, `date` and `weekday`.
    public var zone: LocalZone
    /// The mail's.
    public var language: String
    /// What the source said; an object.
    public var live: JSON

    public init(
        now: Timestamp, device: String = "", place: [String: JSON] = [:], zone: LocalZone, language: String = "",
        live: JSON = .object([:])
    ) {
        self.now = now
        self.device = device
        self.place = place
        self.zone = zone
        self.language = language
        self.live = live
    }
}

extension Opening: EvaluationContext {
    public var contact: JSON { .null }
    public var stage: String? { nil }
    public var event: JSON? { nil }
    public var history: History { History() }
    public var runStart: HistoryPosition? { nil }
    public func consented(_ topic: String) -> Bool { false }
    public func score(_ model: String) -> Double { 0 }
    public func halfLife(ofScore model: String) -> Span? { nil }

    public func variable(_ name: String) -> Value? {
        switch name {
        case "device": .string(device)
        case "place": Value(.object(place))
        case "language": .string(language)
        case "live": Value(live)
        case "time": .string(String(wall.description.dropFirst(11).prefix(5)))
        case "date": .string(String(wall.description.prefix(10)))
        case "weekday": .string(Weekday(ofDay: wall.microseconds / 86_400_000_000).abbreviation)
        default: nil
        }
    }

    /// What the clock of the place shows, written as if it were universal time.
    private var wall: Timestamp { now + .seconds(zone.offset(at: now)) }
}
