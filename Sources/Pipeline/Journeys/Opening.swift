import Contracts
import Expressions
import JourneyProgram
import Model
import Postgres
import Store
import Workspaces

/// What the signals of a batch may start.
struct Openings {
    /// In order of contact, place in the history, and journey.
    private(set) var all: [Opening] = []
    /// Of journeys that may be entered again after an exit, or every so often.
    private(set) var past: [Entries.Place: PastEntries] = [:]

    init() {}

    /// Entries that are used or refused whatever their event says, and those whose event the log does not have, are left
    /// out. The caller holds the contacts' locks.
    init(for signals: [ContactKey: [Signal]], _ programs: Programs, in session: PostgresSession) throws {
        let openings = signals.sorted { $0.key < $1.key }.flatMap { contact, signals in
            signals.sorted { $0.position < $1.position }.flatMap { signal in
                programs.started(by: signal).map { Opening(contact: contact, signal: signal, program: $0) }
            }
        }
        let used = try Entries.used(among: Set(openings.compactMap(\.onlyKey)), in: session)
        let places = Set(openings.lazy.filter { $0.program.journey.entry.again.interval != nil }.map(\.place))
        let past = try Entries.past(of: places, in: session).mapValues {
            PastEntries(last: $0.last, refused: $0.refused, underWay: $0.underWay)
        }
        let open = openings.filter { opening in
            opening.onlyKey.map { !used.contains($0) } ?? !opening.isRefusedForGood(after: past[opening.place])
        }
        let events = try Entries.events(Set(open.compactMap(\.eventKey)), in: session)
        all = open.compactMap { $0.opened(with: events) }
        self.past = past
    }
}

/// An entry that a signal may lead to.
struct Opening {
    /// The contact as it is now; the signal may name one that has merged into it.
    let contact: ContactKey
    let signal: Signal
    let program: Program
    /// The event that the signal speaks of; nil where a stage or a segment starts the journey.
    private(set) var event: HistoryEvent?

    init(contact: ContactKey, signal: Signal, program: Program) {
        self.contact = contact
        self.signal = signal
        self.program = program
    }

    fileprivate func opened(with events: [Entries.EventKey: HistoryEvent]) -> Opening? {
        guard let eventKey else { return self }
        guard var event = events[eventKey], event.name == signal.name else { return nil }
        event.page = program.workspace.page(of: event)
        var opening = self
        opening.event = event
        return opening
    }

    /// The time of a schedule that it stands for; nil where it is of no broadcast.
    var occurrence: Schedule.Occurrence? {
        guard case .call(_, let key) = signal.cause, program.journey.broadcast != nil else { return nil }
        return Journey.occurrence(ofKey: key)
    }

    fileprivate var eventKey: Entries.EventKey? {
        signal.cause == .event ? signal.eventKey : nil
    }

    /// The key, where a contact has one run of the journey ever.
    fileprivate var onlyKey: Entries.Key? {
        guard case .never = program.journey.entry.again else { return nil }
        return Entries.Key(contact: contact, journey: program.journey.name, key: "")
    }

    var place: Entries.Place { Entries.Place(contact: contact, journey: program.journey.name) }

    /// Whether it is refused by entries that were taken or refused before.
    fileprivate func isRefusedForGood(after past: PastEntries?) -> Bool {
        guard let past, let interval = program.journey.entry.again.interval else { return false }
        return past.isRefusedForGood(signal.position, every: interval)
    }

    /// Whether earlier entries let it be taken; what a run under way refuses is noted.
    func isTaken(after past: PastEntries?, _ log: inout StepLog) -> Bool {
        guard let past, let interval = program.journey.entry.again.interval else { return true }
        switch past.answer(to: signal.position, every: interval) {
        case .taken: return true
        case .refused: return false
        case .refusedMeanwhile:
            log.refuse(place, at: signal.position)
            return false
        }
    }

    /// The key under which the entry is taken, or nil where it is not.
    func key(in world: World) -> Entries.Key? {
        let journey = program.journey
        let key =
            switch signal.cause {
            case .stage(let stage): journey.entryKey(forStage: stage, at: signal.position, in: world)
            case .entered(let segment, let ordinal, let isBackfill):
                journey.entryKey(forSegment: segment, ordinal: ordinal, isBackfill: isBackfill)
            case .left(let segment, let ordinal?, let isBackfill):
                journey.entryKey(forLeaving: segment, ordinal: ordinal, isBackfill: isBackfill)
            case .date(_, let key): journey.entryKey(forDate: key, in: world)
            case .call(_, let key): journey.entryKey(forCall: key)
            case .left(_, nil, _): nil as String?
            case .event: event.flatMap { journey.entryKey(for: $0, in: world) }
            }
        return key.map { Entries.Key(contact: contact, journey: journey.name, key: $0) }
    }
}

extension Signal {
    var position: HistoryPosition { HistoryPosition(at: at, eventID: eventID) }

    /// The event that it speaks of, as the log knows it.
    var eventKey: Entries.EventKey {
        let subject = ContactKey(workspace: contact.workspace, contact: subject)
        return Entries.EventKey(subject: subject, at: at, eventID: eventID)
    }
}
