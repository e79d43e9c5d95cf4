/// One line of the ledger of consents.
public struct ConsentEntry: Sendable, Hashable {
    public enum State: String, Sendable, CaseIterable {
        /// Asked for, and not confirmed. It counts only where nothing else was ever said: whoever types somebody's address
        /// into a form neither ends their consent nor takes their withdrawal back.
        case pending
        case given
        /// The person was asked and said no.
        case denied
        case withdrawn

        /// Whether it says no.
        public var isRefusal: Bool { self == .withdrawn || self == .denied }
    }

    public var contact: ContactKey
    public var topic: String
    public var channel: String
    /// As addresses are compared: consent is for one, however it is written. Empty where the person named none: then it is
    /// for the contact's address, whichever that is, until a withdrawal at any address.
    public var address: String
    public var at: Timestamp
    public var eventID: String
    public var state: State
    /// What the person was told, word for word.
    public var wording: String?
    /// How it came: `event`, `import`, `unsubscribe page`, `one-click`.
    public var source: String
    public var proof: ConsentProof

    public init(
        contact: ContactKey, topic: String, channel: String = "email", address: String, at: Timestamp,
        eventID: String, state: State, wording: String?, source: String, proof: ConsentProof = ConsentProof()
    ) {
        self.contact = contact
        self.topic = topic
        self.channel = channel
        self.address = address.comparedAddress
        self.at = at
        self.eventID = eventID
        self.state = state
        self.wording = wording
        self.source = source
        self.proof = proof
    }
}

extension [ConsentEntry] {
    /// Whether anything was ever said of profiling.
    public var speakOfProfiling: Bool { contains { $0.topic == EventNames.profilingTopic } }

    /// Whether the last word on profiling is an objection: it is the person's, at whichever address it was given.
    public var objectToProfiling: Bool {
        filter { $0.topic == EventNames.profilingTopic }.max { $0.place < $1.place }?.state.isRefusal == true
    }

    /// The topics to which mail may go at `address`, by these lines.
    public func topics(givenAt address: String?) -> Set<String> {
        Set(holding(at: address).filter { $0.state == .given && $0.channel == "email" }.map(\.topic))
    }

    /// The topics to which the last word by e-mail, at whatever address, was no. The lines are one contact's.
    public var topicsRefused: Set<String> {
        guard contains(where: { $0.state.isRefusal }) else { return [] }
        let words = filter { line in
            line.channel == "email" && line.state != .pending && !contains { line.isOutdone(by: $0) }
        }
        let last = Dictionary(grouping: words, by: \.topic).compactMapValues { lines in
            lines.max { $0.place < $1.place }
        }
        return Set(last.values.filter(\.state.isRefusal).map(\.topic))
    }

    /// Of these lines, which are one contact's, the one that holds at `address` for each topic and channel, put for that
    /// address.
    public func holding(at address: String?) -> [ConsentEntry] {
        guard let address = address?.comparedAddress else { return [] }
        let lines = filter { line in !contains { line.isOutdone(by: $0) } }
        return Dictionary(grouping: lines) { [$0.topic, $0.channel] }.values.compactMap { lines in
            var last = lines.filter { $0.address == address || $0.address.isEmpty }.max { $0.place < $1.place }
            if let given = last, given.address.isEmpty {
                let later = lines.filter { $0.state.isRefusal && $0.place > given.place }
                last = later.max { $0.place < $1.place } ?? given
            }
            last?.address = address
            return last
        }
    }
}

extension [ConsentEntry] {
    /// Of these lines, which are one contact's, the one that holds instead of a line where that was said; nil where the line
    /// itself holds, be it at one address of several.
    public func successor(of line: ConsentEntry) -> ConsentEntry? {
        let addresses = line.address.isEmpty ? Set(map(\.address)) : [line.address]
        let standing = addresses.compactMap { address in
            holding(at: address).first { $0.topic == line.topic && $0.channel == line.channel }
        }
        guard !standing.contains(where: { $0.at == line.at && $0.eventID == line.eventID }) else { return nil }
        return standing.max { $0.place < $1.place }
    }
}

extension ConsentEntry {
    /// Whether an import brought it.
    public var isImported: Bool { source.hasPrefix(ConsentStatement.importMark) }

    /// How it came, be it that an import brought it here.
    public var means: String { isImported ? String(source.dropFirst(ConsentStatement.importMark.count)) : source }

    /// Whether this consent came by an import, and `other` is a withdrawal that was made here, which no import outdoes.
    public func isOutdone(by other: ConsentEntry) -> Bool {
        state == .given && isImported && other.state.isRefusal && !other.isImported
            && topic == other.topic && channel == other.channel
            && (address == other.address || address.isEmpty || other.address.isEmpty)
    }

    /// Orders lines: by time, of two at one instant the refusal last; those that are not confirmed before all others.
    fileprivate var place: (Int, Timestamp, Int, String) {
        (state == .pending ? 0 : 1, at, state.isRefusal ? 1 : 0, eventID)
    }
}

extension [ConsentEntry] {
    /// The line that was said last; a request only where nothing else was ever said.
    public var latest: ConsentEntry? { self.max { $0.place < $1.place } }
}

// MARK: Taking lines in

extension [ConsentEntry] {
    /// Takes a line into those that hold, in place of another on the same matter.
    ///
    /// - Returns: whether it holds; false where another one outdoes it, or it stands already.
    @discardableResult
    public mutating func take(_ entry: ConsentEntry) -> Bool {
        let standing = firstIndex { $0.sameMatter(as: entry) }
        if let standing, entry.yields(to: self[standing]) { return false }
        if let standing { remove(at: standing) }
        append(entry)
        return true
    }
}

extension ConsentEntry {
    fileprivate func sameMatter(as other: ConsentEntry) -> Bool {
        topic == other.topic && channel == other.channel && address == other.address
    }

    /// Whether another entry on the same matter holds rather than this one: whatever is more than a request, the later, of
    /// two at one instant the refusal, and this one itself where it stands already.
    fileprivate func yields(to other: ConsentEntry) -> Bool {
        if isOutdone(by: other) { return true }
        if other.isOutdone(by: self) { return false }
        if (state == .pending) != (other.state == .pending) { return state == .pending }
        if at != other.at { return at < other.at }
        if state.isRefusal != other.state.isRefusal { return other.state.isRefusal }
        return true
    }
}
