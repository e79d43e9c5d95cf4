import Contracts
import Expressions
import JourneyProgram
import Model
import Postgres
import Store
import Workspaces

/// An entry that a signal may lead to.
struct Opening {
    /// The contact as it is now; the signal may name one that has merged into it.
    let contact: ContactKey
    let signal: Signal
    let program: Program
    /// The event that the signal speaks of; nil where a stage or a segment starts the journey.
    private(set) var event: HistoryEvent?

    /// What the signals of each contact may start, in order of contact, place in the history, and journey.
    ///
    /// Entries that are used whatever their event says, and those whose event the log does not have, are left out.
    static func all(
        for signals: [ContactKey: [Signal]], _ programs: Programs, in session: PostgresSession
    ) throws -> [Opening] {
        let openings = signals.sorted { $0.key < $1.key }.flatMap { contact, signals in
            signals.sorted { $0.position < $1.position }.flatMap { signal in
                programs.started(by: signal).map { Opening(contact: contact, signal: signal, program: $0) }
            }
        }
        let used = try Entries.used(among: Set(openings.compactMap(\.onlyKey)), in: session)
        let unused = openings.filter { $0.onlyKey.map { !used.contains($0) } ?? true }
        let events = try Entries.events(Set(unused.compactMap(\.eventKey)), in: session)
        return unused.compactMap { $0.opened(with: events) }
    }

    private func opened(with events: [Entries.EventKey: HistoryEvent]) -> Opening? {
        guard let eventKey else { return self }
        guard var event = events[eventKey], event.name == signal.name else { return nil }
        event.page = program.workspace.page(of: event)
        var opening = self
        opening.event = event
        return opening
    }

    private var eventKey: Entries.EventKey? {
        signal.cause == .event ? signal.eventKey : nil
    }

    /// The key, where a contact has one run of the journey ever.
    private var onlyKey: Entries.Key? {
        guard case .never = program.journey.entry.again else { return nil }
        return Entries.Key(contact: contact, journey: program.journey.name, key: "")
    }

    /// The key under which the entry is taken, or nil where it is not.
    func key(in world: World) -> Entries.Key? {
        let journey = program.journey
        let key =
            switch signal.cause {
            case .stage(let stage): journey.entryKey(forStage: stage, in: world)
            case .entered(let segment, let ordinal, let isBackfill):
                journey.entryKey(forSegment: segment, ordinal: ordinal, isBackfill: isBackfill)
            case .left: nil as String?
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
