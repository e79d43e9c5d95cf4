public import Model

/// A frequency cap that keeps a message back, with the messages that fill it: what decisions store of it.
public struct FullCap: Sendable, Hashable {
    public var cap: FrequencyCap
    /// How many messages count.
    public var count: Int
    /// The latest of them, in order of time, up to ``most``.
    public var latest: [PastSend]

    public init(cap: FrequencyCap, count: Int, latest: [PastSend]) {
        self.cap = cap
        self.count = count
        self.latest = latest
    }

    /// So many are named; a cap may be of a thousand.
    public static let most = 10
}

extension SendPolicy {
    /// The caps that are full for one more message of a topic, as ``SendGate`` found them when it said ``Reasons/capped``.
    public func fullCaps(for topic: String, after sends: [PastSend], now: Timestamp) -> [FullCap] {
        caps.compactMap { cap in
            guard cap.isFull(for: topic, after: sends, until: now) != nil else { return nil }
            let counted = cap.counted(of: sends, until: now)
            return FullCap(cap: cap, count: counted.count, latest: Array(counted.suffix(FullCap.most)))
        }
    }
}

// MARK: As it is stored

extension FullCap {
    public var json: JSON {
        var members: [String: JSON] = [
            "at_most": .int(Int64(cap.atMost)), "within": .string("\(cap.within)"), "count": .int(Int64(count)),
            "had": .array(latest.map(\.json)),
        ]
        if !cap.topics.isEmpty { members["topics"] = .array(cap.topics.sorted().map { .string($0) }) }
        return .object(members)
    }

    /// Reads what ``json`` writes; nil for what another build may have written.
    public init?(json: JSON) {
        guard case .int(let atMost)? = json["at_most"], let within = json["within"]?.string.flatMap({ Span($0) }),
            case .int(let count)? = json["count"]
        else { return nil }
        let topics = json["topics"]?.array?.compactMap(\.string) ?? []
        cap = FrequencyCap(atMost: Int(atMost), within: within, topics: Set(topics))
        self.count = Int(count)
        latest = (json["had"]?.array ?? []).compactMap { PastSend(json: $0) }
    }
}

extension PastSend {
    fileprivate var json: JSON {
        var members: [String: JSON] = ["topic": .string(topic), "at": .string(at.description)]
        if let name { members["mail"] = .string(name) }
        return .object(members)
    }

    fileprivate init?(json: JSON) {
        guard let topic = json["topic"]?.string, let at = json["at"]?.string.flatMap({ Timestamp(iso8601: $0) }) else {
            return nil
        }
        self.init(topic: topic, at: at, name: json["mail"]?.string)
    }
}

// MARK: In words

extension Reasons {
    /// The reasons in words, the caps that are full by their numbers.
    ///
    /// - Parameter told: how an instant is written.
    public func words(_ caps: [FullCap], _ told: (Timestamp) -> String) -> String {
        sentences(caps, told).joined(separator: "; ")
    }

    /// The same, one by one.
    public func sentences(_ caps: [FullCap], _ told: (Timestamp) -> String) -> [String] {
        let named = contains(.capped) && !caps.isEmpty
        let reasons = named ? subtracting(.capped) : self
        return (named ? caps.map { $0.words(told) } : []) + reasons.words
    }
}

extension FullCap {
    /// `cap of 3 marketing mails in 7d: 3 were had (Mon 2 March 10:00 welcome/hello, …)`.
    ///
    /// - Parameter told: how an instant is written.
    public func words(_ told: (Timestamp) -> String) -> String {
        let what = cap.topics.isEmpty ? "marketing" : cap.topics.sorted().joined(separator: " and ")
        let had = latest.map { send in "\(told(send.at)) \(send.name ?? send.topic)" }
        let earlier = count > latest.count ? ["\(count - latest.count) earlier"] : []
        let mails = cap.atMost == 1 ? "1 \(what) mail" : "\(cap.atMost) \(what) mails"
        return "cap of \(mails) in \(cap.within): \(count) \(count == 1 ? "was" : "were") had ("
            + (earlier + had).joined(separator: ", ") + ")"
    }
}
