public import Model

/// What a workspace says of its mails as a whole.
public struct SendPolicy: Sendable, Hashable {
    /// When nobody is to be disturbed; nil: at any time somebody may be.
    public var quietHours: QuietHours?
    /// How much one contact may get; all of them count.
    public var caps: [FrequencyCap]
    /// Who gets none; nil: nobody.
    public var holdOut: HoldOut?
    /// When marketing by mail ends for whoever shows no sign of life; nil: never.
    public var sunset: Sunset?
    /// How much of a journey's mail may come back.
    public var returnLimits = ReturnLimits()
    /// What topics rest on besides consent, by their names.
    public var bases: [String: LegalBasis] = [:]
    /// How long mails are worth sending.
    public var lifetimes = Lifetimes()
    /// Whether opens and clicks of marketing are counted in sum of those who have not consented to being known by them.
    public var countsInSum = true
    /// What becomes of mails of which nobody knows whether they were sent.
    public var onUnknown = UnknownPolicy()

    public init(quietHours: QuietHours? = nil, caps: [FrequencyCap] = [], holdOut: HoldOut? = nil) {
        self.quietHours = quietHours
        self.caps = caps
        self.holdOut = holdOut
    }

    /// Of it what holds for messages that disturb nobody.
    ///
    /// - Parameter isCapped: whether they fill a mailbox.
    public func withoutHours(isCapped: Bool) -> SendPolicy {
        var policy = self
        (policy.quietHours, policy.sunset) = (nil, nil)
        if !isCapped { policy.caps = [] }
        return policy
    }

    /// The event of the sale that mail of a topic may rest on; nil where it rests on something else.
    public func saleEvent(of topic: String) -> String? {
        if case .softOptIn(let terms) = bases[topic] { terms.event } else { nil }
    }

    /// The events of sales that topics rest on.
    public var saleEvents: Set<String> { Set(bases.keys.compactMap(saleEvent)) }

    /// All events that the gate asks about.
    public var eventsAsked: Set<String> { saleEvents.union(sunset?.signs ?? []) }

    /// How far back the caps look; nil where there are none.
    public var memory: Span? { caps.map(\.within).max() }
}

/// The most marketing messages that a contact gets within a length of time, whichever journeys send them.
public struct FrequencyCap: Sendable, Hashable {
    /// 1 at least.
    public var atMost: Int
    /// A length of time that passes: a day is 24 hours, and none of a calendar.
    public var within: Span
    /// The topics that count and are held to it; empty: all.
    public var topics: Set<String>

    public init(atMost: Int, within: Span, topics: Set<String> = []) {
        self.atMost = atMost
        self.within = within
        self.topics = topics
    }

    public func concerns(_ topic: String) -> Bool { topics.isEmpty || topics.contains(topic) }

    /// Whether one more message of a topic would be too many after those that were sent: then the instant from which it is
    /// not, as far as nothing else is sent; else nil.
    func isFull(for topic: String, after sends: [PastSend], until now: Timestamp) -> Timestamp? {
        guard concerns(topic) else { return nil }
        let counted = counted(of: sends, until: now)
        guard counted.count >= atMost else { return nil }
        return counted[counted.count - atMost].at + within
    }

    /// Those of the messages sent that count, in order of time.
    func counted(of sends: [PastSend], until now: Timestamp) -> [PastSend] {
        sends.filter { concerns($0.topic) && $0.at + within > now }.sorted {
            ($0.at, $0.name ?? "", $0.topic) < ($1.at, $1.name ?? "", $1.topic)
        }
    }
}

/// What becomes of a message that quiet hours or a cap keep back, as far as a step, an e-mail or a journey says.
public struct Restraint: Sendable, Hashable {
    public enum Consequence: String, Sendable, CaseIterable {
        /// It goes when it may.
        case hold
        /// It is not sent, and its run goes on.
        case skip
        /// It is not sent, and its run ends as one whose exit came about.
        case exit
    }

    /// What a run does while its message is held.
    public enum Patience: String, Sendable, CaseIterable {
        /// It waits until what becomes of the message is known.
        case park
        /// It goes on at once; the message goes when it may.
        case `continue`
    }

    /// Nil: it is held, since the morning comes soon and the message is as good then.
    public var onQuiet: Consequence?
    /// Nil: it is skipped. A cap may be full for a week, and what was to be said by then is stale; held messages would use up
    /// each place that comes free, so that the cap would never be anything but full.
    public var onCap: Consequence?
    /// Nil: the run is parked.
    public var onHeld: Patience?

    public init(onQuiet: Consequence? = nil, onCap: Consequence? = nil, onHeld: Patience? = nil) {
        self.onQuiet = onQuiet
        self.onCap = onCap
        self.onHeld = onHeld
    }

    public var isSilent: Bool { self == Restraint() }

    /// What it says, and for the rest what another one says.
    public func otherwise(_ other: Restraint?) -> Restraint {
        Restraint(
            onQuiet: onQuiet ?? other?.onQuiet, onCap: onCap ?? other?.onCap, onHeld: onHeld ?? other?.onHeld)
    }
}
