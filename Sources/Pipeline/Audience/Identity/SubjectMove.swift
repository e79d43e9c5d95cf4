import Contracts
import Expressions
import Model
import Postgres
import Store

/// Subjects that an earlier link takes from one contact to another, with everything that is a fact about them.
///
/// Facts end up as if the links had become known in their order: attributes and the company go with the events that said
/// them, and what others had said before stands again; points and consents go with their events. What was decided stays
/// where it was decided: runs, messages, stages that were reached. Of events that retention has dropped nobody knows whose
/// they were, and what came of them stays.
struct SubjectMove {
    let from: ContactKey
    let to: ContactKey
    let subjects: [ContactKey]

    static func all(in changes: [IdentityForest.Change]) -> [SubjectMove] {
        Dictionary(grouping: changes.filter { $0.rule == .moved }) { [$0.from, $0.to] }
            .map { SubjectMove(from: $0[0], to: $0[1], subjects: $1.map(\.subject)) }
            .sorted { ($0.from, $0.to) < ($1.from, $1.to) }
    }

    /// Moves the subjects; the locks of both contacts are held. Their scores are to be counted from the log afterwards.
    ///
    /// - Parameter fresh: events that stand in the log, and are nobody's facts yet.
    func apply(
        leavingOut fresh: [AcceptedEvent], in session: PostgresSession
    ) throws {
        _ = try SendStates.lock([from, to], in: session)
        try SendStates.raiseEpoch(of: [from, to], in: session)
        try Contacts.reassign(subjects, to: to, in: session)
        let unsettled = Set(fresh.map(\.occurrence))
        let events = try EventLog.all(of: subjects, in: session).filter { !unsettled.contains($0.occurrence) }
        guard !events.isEmpty else { return }
        try moveDescriptions(events, leavingOut: unsettled, in: session)
        try moveConsents(events, leavingOut: unsettled, in: session)
    }

    private func moveDescriptions(
        _ events: [AcceptedEvent], leavingOut unsettled: Set<Occurrence>, in session: PostgresSession
    ) throws {
        let telling = events.filter(\.mayDescribe)
        let states = try Contacts.states(of: [from, to], in: session)
        guard !telling.isEmpty, var left = states[from], var right = states[to] else { return }
        for event in telling { try right.describe(by: event, isJoined: true) }
        if left.forget(Set(telling.map(\.position))) {
            for event in try EventLog.describing(from, in: session) where !unsettled.contains(event.occurrence) {
                try left.describe(by: event, isJoined: true)
            }
        }
        try Contacts.describe([left, right], in: session)
    }

    /// A line goes with its event; one that an event of the contact they leave made as well stays there too.
    private func moveConsents(
        _ events: [AcceptedEvent], leavingOut unsettled: Set<Occurrence>, in session: PostgresSession
    ) throws {
        let theirs = Set(events.filter { EventNames.consents.contains($0.name) }.map(\.position))
        guard !theirs.isEmpty else { return }
        let rest = try EventLog.history(of: [from], names: EventNames.consents, in: session)[from]?.events ?? []
        try Consents.move(
            theirs, from: from, to: to, keeping: theirs.intersection(rest.map(\.position)), in: session)
    }
}

/// One event of one subject.
struct Occurrence: Hashable {
    var subject: UniqueID
    var position: HistoryPosition
}

extension AcceptedEvent {
    var occurrence: Occurrence { Occurrence(subject: subjectID, position: position) }
}
