import Store

/// What one process holds of a limit that all ingest processes share: the decisions, without store and clock.
///
/// Whatever comes is taken whole while anything is in hand, so that no batch is too large for a small limit; what it takes
/// too much is owed, and paid back before anything else is granted.
struct Slice {
    /// Events in hand; below zero: owed.
    private(set) var inHand: Int64
    /// Events that came since the last ask, those refused included.
    private(set) var demand: Int64 = 0
    /// What it tries to hold.
    private var target: Int64
    /// Whether the last exchange brought all that was wanted: asking again before the next second may bring more.
    private(set) var isPlenty = true
    /// Whether the store, as it last answered, had not what was wanted.
    private(set) var isUsedUp = false
    /// What the store had left after the last exchange; below zero: what must be paid back by all.
    private(set) var leftForAll: Int64 = 0
    /// Exchanges in a row before which nothing came.
    private(set) var idle = 0
    /// Millionths of an event, while the store is away.
    private var fraction: Int64 = 0

    /// - Parameter loan: what may be taken in before the first exchange; it is owed.
    init(loan: Int64) {
        inHand = loan
        target = loan
        lent = loan
    }

    /// Booked with the next exchange: in hand, but granted by nobody yet.
    private var lent: Int64

    var isOpen: Bool { inHand > 0 }
    /// Whether an exchange now would come in time.
    var isLow: Bool { isPlenty && inHand * 2 < target }

    /// Counts events that were refused.
    mutating func turnAway(_ events: Int64) { demand += events }

    /// Takes events in; the caller has seen that it is open.
    mutating func take(_ events: Int64) {
        demand += events
        inHand -= events
    }

    /// Gives back what did not come in after all.
    mutating func giveBack(_ events: Int64) { inHand += events }

    /// What to ask for, so as to hold a second's demand and a quarter. What it gives back is out of hand from here on.
    ///
    /// - Parameters:
    ///   - elapsed: since the last ask.
    ///   - range: what it may hold.
    mutating func ask(after elapsed: Duration, within range: ClosedRange<Int64>) -> SliceAsk {
        idle = demand == 0 ? idle + 1 : 0
        let milliseconds = max(100, elapsed.milliseconds)
        let (expected, isHuge) = demand.multipliedReportingOverflow(by: 1250)
        target = min(range.upperBound, max(range.lowerBound, isHuge ? .max : expected / milliseconds))
        if isDisused { target = 0 }
        demand = 0
        let owed = max(0, -inHand) + lent
        let held = max(0, inHand)
        inHand = min(held, target)
        lent = 0
        return SliceAsk(owed: owed, wanted: target - held)
    }

    /// Nothing has come for five minutes of asking once a second.
    var isDisused: Bool { idle > 300 }

    mutating func receive(_ grant: SliceGrant, for ask: SliceAsk) {
        inHand += grant.granted
        isPlenty = grant.granted >= ask.wanted
        isUsedUp = !isPlenty
        leftForAll = grant.left
    }

    /// The exchange failed, and whether it was booked is unknown: what was owed is owed still, and what was given back is
    /// gone. So a lost answer never lets more in.
    mutating func missAnswer(to ask: SliceAsk) {
        inHand -= ask.owed
        (isPlenty, isUsedUp) = (false, false)
    }

    /// While the store is away: what this process's part of the rate brings.
    ///
    /// - Parameters:
    ///   - rate: events a second of the whole limit.
    ///   - share: among how many processes it is divided.
    mutating func coast(_ elapsed: Duration, rate: Int64, share: Int) {
        let microseconds = min(max(0, elapsed.milliseconds), 10_000) * 1000
        let millionths = rate * microseconds / Int64(share) + fraction
        fraction = millionths % 1_000_000
        // No more than two seconds' worth is saved up.
        inHand = min(max(inHand, max(1, rate * 2 / Int64(share))), inHand + millionths / 1_000_000)
    }

    /// While the store is away: a part of what was left of a quota, once.
    mutating func coast(share: Int) {
        inHand += max(0, leftForAll) / Int64(share)
        leftForAll = 0
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
