public import Expressions
public import Model

/// Which events of a capped rule give points: the first ones in order, as many as the cap lets through.
///
/// Events may be admitted in any order: the same are counted in the end, since a late one takes the place of the last. With
/// a total, one list holds all of a contact's events, and otherwise one holds those of a day; so a list is never longer
/// than its cap. What was cut off by it cannot count again, for events are only ever added.
public struct CountedEvents: Sendable, Hashable {
    /// In order; two events of one place stand twice.
    public private(set) var places: [HistoryPosition] = []

    public init() {}

    /// Takes places as they were stored. Those of two contacts who merged stand behind each other, and are more than the
    /// cap lets through; see `settle`.
    public init(stored places: [HistoryPosition]) { self.places = places }

    /// What an event changes about who counts.
    public enum Admission: Sendable, Hashable {
        case counted
        /// Counts in place of a later one.
        case insteadOf(HistoryPosition)
        case notCounted
    }

    /// Adds an event.
    ///
    /// - Parameter day: the day of an instant; asked only where there is a cap for it.
    public mutating func admit(
        _ place: HistoryPosition, under cap: PointCap, day: (Timestamp) -> Int32
    ) -> Admission {
        let index = places.partitionPoint { $0 <= place }
        places.insert(place, at: index)
        guard let surplus = surplus(around: index, cap, day) else { return .counted }
        let dropped = places.remove(at: surplus)
        return surplus == index ? .notCounted : .insteadOf(dropped)
    }

    /// The place in the list of the event that is one too many, after one was put in at `index`.
    private func surplus(around index: Int, _ cap: PointCap, _ day: (Timestamp) -> Int32) -> Int? {
        if let limit = cap.perDay {
            let today = day(places[index].at)
            var (first, last) = (index, index)
            while first > 0, day(places[first - 1].at) == today { first -= 1 }
            while last + 1 < places.count, day(places[last + 1].at) == today { last += 1 }
            if last - first + 1 > limit { return last }
        }
        if let limit = cap.total, places.count > limit { return places.count - 1 }
        return nil
    }

    /// Counts the stored places afresh.
    ///
    /// - Returns: those that do not count any more.
    public mutating func settle(under cap: PointCap, day: (Timestamp) -> Int32) -> [HistoryPosition] {
        let stored = places
        places = []
        return stored.compactMap { place in
            switch admit(place, under: cap, day: day) {
            case .counted: nil
            case .insteadOf(let other): other
            case .notCounted: place
            }
        }
    }
}

extension Array {
    /// The number of leading elements for which `belongsBefore` holds, in a list where those come first.
    fileprivate func partitionPoint(_ belongsBefore: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongsBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
