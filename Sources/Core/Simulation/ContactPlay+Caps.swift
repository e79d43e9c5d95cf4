import JourneyProgram
import Model
import Workspaces

/// Whom the caps of journeys let in. Of a contact that is played alone its own entries count; among others it is told where
/// others have taken the last places.
struct EntryCaps: Sendable {
    /// What a crowd has found; nil: the contact is alone.
    private let refused: [TurnPlace: EntryCap]?
    /// When entries came that a cap concerns.
    private(set) var asked: [TurnPlace: Timestamp] = [:]
    private var counts: [Int: Int] = [:]
    private var entries: [Int: [Timestamp]] = [:]

    init(refused: [TurnPlace: EntryCap]? = nil) { self.refused = refused }

    /// The cap that turns away an entry which comes now; nil: it is let in.
    mutating func full(of part: Int, _ caps: [EntryCap], now: Timestamp) -> EntryCap? {
        let place = TurnPlace(part: part, number: counts[part, default: 0])
        counts[part] = place.number + 1
        asked[place] = now
        if let refused { return refused[place] }
        return caps.full(after: &entries[part, default: []], now: now)
    }
}

extension [EntryCap] {
    /// The cap that turns away whoever comes at an instant, behind all who were let in before; nil: the entry is added.
    func full(after entries: inout [Timestamp], now: Timestamp) -> EntryCap? {
        let entered = map { cap in
            Int64(cap.within == nil ? entries.count : entries.reversed().prefix { cap.counts($0, at: now) }.count)
        }
        if let full = EntryCount(self, entered: entered).full { return full }
        entries.append(now)
        return nil
    }
}

// MARK: Broadcasts at a pace

/// A broadcast on its way to the contact.
struct ComingBroadcast: Sendable {
    let part: Int
    let opening: Timestamp
    let occurrence: Schedule.Occurrence
    let at: Timestamp
}

extension ContactPlay {
    /// A broadcast goes to the contact at once, or when its pace has come to it.
    mutating func send(_ part: Int, at opening: Timestamp, _ occurrence: Schedule.Occurrence) {
        if let pace = simulator.parts[part].journey.pace {
            let turn = entryTurns.turn(of: part, at: pace, now: opening)
            if turn > now {
                onTheWay.append(
                    ComingBroadcast(part: part, opening: opening, occurrence: occurrence, at: turn))
                return
            }
        }
        enter(part, at: opening, with: occurrence)
    }

    /// Broadcasts that have come to the contact, where it is in their segments still.
    mutating func receiveBroadcasts() {
        let come = onTheWay.filter { $0.at <= now }
        guard !come.isEmpty else { return }
        onTheWay.removeAll { $0.at <= now }
        for each in come {
            guard let segment = simulator.parts[each.part].segment, course.facts.isInSegment(segment) else { continue }
            enter(each.part, at: each.opening, with: each.occurrence)
        }
    }
}
