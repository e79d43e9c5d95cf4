public import Expressions
public import Model

/// What one contact's entries into one journey so far say about the next, where it may be entered again after an exit or
/// every so often.
///
/// Whatever comes twice is answered as it was the first time: an entry counts only behind the last one that was taken, and
/// behind the last one that was refused since a run was under way. Runs under way are stepped before anybody enters, so
/// what ends a run may begin the next.
public struct PastEntries: Sendable, Hashable {
    /// The place of the last entry that was taken; nil: there was none.
    public private(set) var last: HistoryPosition?
    /// The last place at which an entry was refused since a run was under way.
    public private(set) var refused: HistoryPosition?
    /// How many runs are under way.
    public private(set) var underWay: Int

    public enum Answer: Sendable, Hashable {
        case taken
        /// For good, whoever asks and when.
        case refused
        /// Since a run is under way: to be remembered, so that it stays refused once that has ended.
        case refusedMeanwhile
    }

    public init(last: HistoryPosition? = nil, refused: HistoryPosition? = nil, underWay: Int = 0) {
        self.last = last
        self.refused = refused
        self.underWay = underWay
    }

    /// What becomes of an entry at a place in the contact's history.
    ///
    /// - Parameter interval: of the journey (`Journey.Again.interval`).
    public func answer(to position: HistoryPosition, every interval: Span) -> Answer {
        if isRefusedForGood(position, every: interval) { return .refused }
        return underWay > 0 ? .refusedMeanwhile : .taken
    }

    /// Whether it is refused whatever becomes of the runs under way.
    public func isRefusedForGood(_ position: HistoryPosition, every interval: Span) -> Bool {
        if let refused, position <= refused { return true }
        guard let last else { return false }
        return position <= last || position.at < last.at + interval
    }

    /// Notes that an entry was taken.
    ///
    /// - Parameter isOver: whether its run has ended at once.
    public mutating func take(_ position: HistoryPosition, isOver: Bool) {
        last = max(last ?? position, position)
        if !isOver { underWay += 1 }
    }

    /// Notes that an entry was refused since a run was under way.
    public mutating func refuse(_ position: HistoryPosition) { refused = max(refused ?? position, position) }

    /// Notes that a run has ended.
    public mutating func end() { underWay -= 1 }
}

extension Journey.Again {
    /// How long after the last entry the next one may be, once no run is under way; nil where entries go by keys alone.
    public var interval: Span? {
        switch self {
        case .never, .perKey, .perOccurrence: nil
        case .afterExit: .zero
        case .every(let interval): interval
        }
    }
}
