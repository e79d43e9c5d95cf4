import Contracts
import JourneyProgram
import Model
import Postgres
import Store

/// Whom of a batch the caps of journeys let in. A journey's row is locked from here to the end of the transaction, unless
/// nobody is let in anyway.
struct CapDoor {
    private var counts: [Pauses.Place: EntryCount] = [:]
    private var letIn: [Pauses.Place: Int] = [:]
    private let refusedBefore: Set<UniqueID>
    private let now: Timestamp

    /// The caller holds the contacts' locks.
    init(_ openings: [Opening], now: Timestamp, in session: PostgresSession) throws {
        self.now = now
        let capped = openings.filter { !$0.program.journey.entry.caps.isEmpty }
        refusedBefore = try Decisions.standing(among: capped.map { ($0.contact, $0.refusalID) }, in: session)
        var caps: [Pauses.Place: [EntryCap]] = [:]
        for opening in capped { caps[opening.journeyPlace] = opening.program.journey.entry.caps }
        let order = caps.sorted { left, right in
            (left.key.workspace.rawValue, left.key.journey) < (right.key.workspace.rawValue, right.key.journey)
        }
        for (place, caps) in order {
            let spans = caps.map(\.within)
            if let entered = try EntryCaps.entered(place, within: spans, at: now, in: session),
                case let count = EntryCount(caps, entered: entered), count.full != nil
            {
                counts[place] = count
                continue
            }
            let entered = try EntryCaps.lock(place, within: spans, at: now, in: session)
            counts[place] = EntryCount(caps, entered: entered)
        }
    }

    /// Whether the same signal was turned away before: what comes twice is answered as it was the first time.
    func hasRefused(_ opening: Opening) -> Bool {
        !refusedBefore.isEmpty && refusedBefore.contains(opening.refusalID)
    }

    /// The cap that turns an entry away; nil: it may be let in.
    func full(for opening: Opening) -> EntryCap? {
        counts.isEmpty ? nil : counts[opening.journeyPlace]?.full
    }

    mutating func letIn(_ opening: Opening) {
        guard counts[opening.journeyPlace] != nil else { return }
        counts[opening.journeyPlace]?.letIn()
        letIn[opening.journeyPlace, default: 0] += 1
    }

    /// Writes down how many were let in.
    func save(in session: PostgresSession) throws {
        for (place, count) in letIn {
            let longest = counts[place]?.caps.compactMap(\.within).max() ?? .zero
            try EntryCaps.add(count, to: place, at: now, back: longest, in: session)
        }
    }
}

extension Opening {
    var journeyPlace: Pauses.Place {
        Pauses.Place(workspace: contact.workspace, journey: program.journey.name)
    }

    /// The decision that turns it away: of each signal one, whoever the contact has become since.
    var refusalID: UniqueID {
        .derived("loods.turned-away", program.journey.name, signal.idAlone.description)
    }
}
