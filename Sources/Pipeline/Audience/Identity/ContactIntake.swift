import Contracts
import Model
import Postgres
import Store

/// Makes the names and contacts that a batch of events speaks of, but for those who were erased since.
enum ContactIntake {
    /// - Returns: the events that are left: none of what was before somebody's erasure.
    static func ensure(
        _ events: ArraySlice<AcceptedEvent>, knowingErasedBy key: ErasureKey?, in session: PostgresSession
    ) throws -> [AcceptedEvent] {
        let erased = try Tombstones.of(
            Set(events.flatMap { [$0.subjectKey] + $0.linkedSubjects }), by: key, in: session)
        let living = erased.isEmpty ? Array(events) : events.compactMap { $0.since(erased, isIntake: true) }
        var claims: Set<Identities.Claim> = []
        var subjects: [ContactKey: Identity?] = [:]
        for event in living {
            let subject = event.subjectID
            let key = ContactKey(workspace: event.workspace, contact: subject)
            guard case .identity(let identity) = event.subject else {
                subjects[key] = .some(subjects[key] ?? nil)
                continue
            }
            subjects[key] = identity
            claims.insert(Identities.Claim(workspace: event.workspace, identity: identity, subject: subject))
        }
        // Every name has a subject of its own, so that it can go to another contact one day.
        for event in living where event.trust != .publicKey {
            for alias in event.aliases {
                let subject = alias.subjectID(in: event.workspace)
                subjects[ContactKey(workspace: event.workspace, contact: subject)] = alias
                claims.insert(Identities.Claim(workspace: event.workspace, identity: alias, subject: subject))
            }
        }
        try Identities.ensure(
            Array(claims), subjects: subjects, now: try DomainClock.read(in: session), in: session)
        try Contacts.noteErased(erased.filter { subjects[$0.key] != nil }, in: session)
        return living
    }
}

extension AcceptedEvent {
    /// The event as far as it is about people who were not erased since: nil where its own subject was, and without the names
    /// of others who were.
    ///
    /// - Parameter isIntake: whether the subjects have no contact: of somebody erased Loods itself has nothing new to say.
    func since(_ erased: [ContactKey: Timestamp], isIntake: Bool = false) -> AcceptedEvent? {
        if let erasedAt = erased[subjectKey] {
            if isIntake, case .id = subject { return nil }
            guard happened(after: erasedAt) else { return nil }
        }
        guard linkedSubjects.contains(where: { erased[$0].map { !happened(after: $0) } ?? false }) else { return self }
        var event = self
        event.aliases.removeAll { alias in
            let subject = ContactKey(workspace: workspace, contact: alias.subjectID(in: workspace))
            return erased[subject].map { !happened(after: $0) } ?? false
        }
        return event
    }

    /// Neither its own time nor that of its receipt is before the erasure: clocks of senders run ahead, and imports bring what
    /// is long past.
    private func happened(after erasure: Timestamp) -> Bool {
        // An import that gives no time says so by a key of time zero: it may be of any time.
        let isUntimedImport = effect == .history && sentTime == Timestamp(seconds: 0)
        return at > erasure && receivedAt > erasure && !isUntimedImport
    }
}
