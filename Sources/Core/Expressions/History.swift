public import Model

/// What a contact did, in order of (time, event id), up to a place.
///
/// What is carried over of events that the log no longer has stands before every place: a bounded view shows it too.
///
/// A value: copies share storage, so a bounded view of a long history costs nothing.
public struct History: Sendable {
    /// The events of one name, in order.
    private struct Sequel: Sendable {
        var events: [HistoryEvent] = []
        /// When they happened: to be searched without touching the events.
        var times: [Timestamp] = []

        mutating func append(_ event: HistoryEvent) {
            events.append(event)
            times.append(event.at)
        }

        mutating func sort() {
            let isInOrder = times.indices.dropFirst().allSatisfy { place in
                times[place - 1] < times[place]
                    || times[place - 1] == times[place] && !(events[place].position < events[place - 1].position)
            }
            guard !isInOrder else { return }
            events.sort { $0.position < $1.position }
            times = events.map(\.at)
        }

        /// How many events stand at a place or before it.
        func count(upTo position: HistoryPosition) -> Int {
            let end = times.partitionPoint { $0 <= position.at }
            guard let id = position.eventID, end > 0, times[end - 1] == position.at else { return end }
            var (low, high) = (times.partitionPoint { $0 < position.at }, end)
            while low < high {
                let middle = low + (high - low) / 2
                if id.utf8.comesBefore(events[middle].eventID.utf8) { high = middle } else { low = middle + 1 }
            }
            return low
        }
    }

    private var sequels: [String: Sequel] = [:]
    private var carried: [String: CarriedTotal]

    /// Events behind this place are not seen; nil sees all. The place's own event is seen.
    public var upTo: HistoryPosition?

    /// Takes events in any order.
    ///
    /// - Parameter carried: per event name, what is left of events that are not among `events`.
    public init(
        _ events: some Sequence<HistoryEvent> = [], carried: [String: CarriedTotal] = [:],
        upTo: HistoryPosition? = nil
    ) {
        self.upTo = upTo
        self.carried = carried
        var (name, sequel) = ("", Sequel())
        for event in events {
            if event.name != name {
                if !sequel.events.isEmpty { sequels[name] = sequel }
                (name, sequel) = (event.name, sequels.removeValue(forKey: event.name) ?? Sequel())
            }
            sequel.append(event)
        }
        if !sequel.events.isEmpty { sequels[name] = sequel }
        for name in sequels.keys { sequels[name]?.sort() }
    }

    /// Adds an event in its place.
    public mutating func insert(_ event: HistoryEvent) {
        let index = sequels[event.name]?.count(upTo: event.position) ?? 0
        sequels[event.name, default: Sequel()].events.insert(event, at: index)
        sequels[event.name]?.times.insert(event.at, at: index)
    }

    /// The same history, seen up to and including a place.
    public func upTo(_ position: HistoryPosition) -> History {
        var history = self
        history.upTo = position
        return history
    }

    /// What is left of the events of one name that the log no longer has; nil where there were none.
    public func carried(named name: String) -> CarriedTotal? { carried.isEmpty ? nil : carried[name] }

    /// The events of one name, oldest first, as far as the log has them.
    ///
    /// - Parameters:
    ///   - after: only events strictly behind this place.
    ///   - since: only events strictly later than this instant.
    public func events(
        named name: String, after: HistoryPosition? = nil, since: Timestamp? = nil
    ) -> ArraySlice<HistoryEvent> {
        guard let sequel = sequels[name] else { return [] }
        return sequel.events[range(of: sequel, after, since)]
    }

    /// The event of a name that stands at a place; nil where the log no longer has it.
    public func event(named name: String, at position: HistoryPosition) -> HistoryEvent? {
        guard let sequel = sequels[name] else { return nil }
        let place = sequel.count(upTo: position) - 1
        return place >= 0 && sequel.events[place].position == position ? sequel.events[place] : nil
    }

    /// When the same events happened: all that most questions want to know.
    func times(named name: String, after: HistoryPosition? = nil, since: Timestamp? = nil) -> ArraySlice<Timestamp> {
        guard let sequel = sequels[name] else { return [] }
        return sequel.times[range(of: sequel, after, since)]
    }

    private func range(of sequel: Sequel, _ after: HistoryPosition?, _ since: Timestamp?) -> Range<Int> {
        var start = 0
        if let after { start = sequel.count(upTo: after) }
        if let since { start = max(start, sequel.times.partitionPoint { $0 <= since }) }
        var end = sequel.times.count
        if let upTo { end = sequel.count(upTo: upTo) }
        return min(start, end)..<end
    }
}

extension Array {
    /// The number of leading elements for which `belongsBefore` holds, in a list where those come first.
    fileprivate func partitionPoint(_ belongsBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if belongsBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
