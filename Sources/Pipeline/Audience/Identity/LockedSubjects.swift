import Contracts
import Model
import Postgres
import Store

/// The subjects of a batch with their contacts, whose locks are held.
struct LockedSubjects {
    /// Those that have no contact yet; see `ContactIntake`.
    let strangers: Set<ContactKey>
    /// The contact of each subject; a stranger's would be its own.
    let contacts: [ContactKey: ContactKey]
    /// How far each contact has come.
    let standings: [ContactKey: Contacts.Standing]
    /// Of subjects by whose name somebody else was known, when that one was erased.
    let erasedBefore: [ContactKey: Timestamp]

    /// Takes the locks before anything else is read, in one statement. What is not found so, or by a guess, is looked for
    /// under them.
    ///
    /// - Throws: `StoreError.mergedMeanwhile` where a guess was wrong, and is corrected now.
    init(_ subjects: Set<ContactKey>, guessing merges: RememberedMerges, in session: PostgresSession) throws {
        contacts = merges.contacts(of: subjects)
        let rows = try Contacts.lockUnmerged(Set(contacts.values), in: session)
        let doubtful = contacts.filter { $0.key != $0.value || rows[$0.value] == nil }
        let belongings = doubtful.isEmpty ? [:] : try Contacts.belongings(of: doubtful.keys, in: session)
        strangers = Set(doubtful.keys.filter { belongings[$0] == nil })
        merges.forget(strangers)
        let mistaken = belongings.mapValues(\.contact).filter { $0.value != doubtful[$0.key] || rows[$0.value] == nil }
        guard mistaken.isEmpty else {
            merges.note(mistaken)
            throw StoreError.mergedMeanwhile
        }
        standings = rows.mapValues(\.standing)
        erasedBefore = rows.compactMapValues(\.erasedBefore).filter { subjects.contains($0.key) }
            .merging(belongings.compactMapValues(\.erasedBefore)) { $1 }
    }
}

extension LockedSubjects {
    /// Whether an event speaks of a stranger.
    func isStrange(_ event: AcceptedEvent) -> Bool {
        strangers.contains(event.subjectKey)
            || !event.aliases.isEmpty && event.linkedSubjects.contains(where: strangers.contains)
    }
}
