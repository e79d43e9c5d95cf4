import JourneyProgram
import Model

/// An entry into a journey whose throttle lets few begin at once: the how manieth of a contact.
struct TurnPlace: Sendable, Hashable {
    /// The journey's place.
    let part: Int
    let number: Int
}

/// When runs that wait for their journey's throttle begin. Of a contact that is played alone, its own runs wait for each
/// other; among others it is told when its turn comes.
struct EntryTurns: Sendable {
    /// Of those that a crowd has given turns.
    private let given: [TurnPlace: Timestamp]
    /// When entries came that a throttle concerns.
    private(set) var asked: [TurnPlace: Timestamp] = [:]
    private var counts: [Int: Int] = [:]
    private var next: [Int: Timestamp] = [:]

    init(given: [TurnPlace: Timestamp] = [:]) { self.given = given }

    /// When a broadcast comes to the contact that goes to its members at a pace: to one alone at once.
    mutating func turn(of part: Int, at pace: Broadcast.Throttle, now: Timestamp) -> Timestamp {
        let place = TurnPlace(part: part, number: counts[part, default: 0])
        counts[part] = place.number + 1
        asked[place] = now
        return max(given[place] ?? now, now)
    }

    /// When an entry that comes now may begin.
    mutating func turn(of part: Int, under throttle: Broadcast.Throttle, now: Timestamp) -> Timestamp {
        let place = TurnPlace(part: part, number: counts[part, default: 0])
        counts[part] = place.number + 1
        asked[place] = now
        if let turn = given[place] { return max(turn, now) }
        return throttle.turn(now, after: &next[part])
    }
}

extension Broadcast.Throttle {
    /// When somebody may begin who comes at an instant, behind all who came before.
    ///
    /// - Parameter next: from when on the next may begin; moved on.
    func turn(_ now: Timestamp, after next: inout Timestamp?) -> Timestamp {
        let turn = Pace(self, next: next, now: now).slots > 0 ? now : next ?? now
        next = Pace(self, next: next, now: turn).next(after: 1)
        return turn
    }
}
