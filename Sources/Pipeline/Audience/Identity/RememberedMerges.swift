import Contracts
import Model
import Synchronization

/// Which subjects have merged into which contacts, as this process last saw it.
///
/// Guesses, which save looks: with them contacts are locked at once, and what is about one person stays together. The rows
/// themselves decide; whoever finds a guess wrong corrects it and begins again.
final class RememberedMerges: Sendable {
    /// Some 10 MB. A memory that is full begins anew, for what is still met is soon learnt again.
    private static let limit = 100_000
    private let contacts = Mutex<[ContactKey: ContactKey]>([:])

    /// The contact of each subject, as far as it is remembered; itself otherwise.
    func contacts(of subjects: Set<ContactKey>) -> [ContactKey: ContactKey] {
        contacts.withLock { contacts in
            var guesses = [ContactKey: ContactKey](minimumCapacity: subjects.count)
            for subject in subjects { guesses[subject] = contacts[subject] ?? subject }
            return guesses
        }
    }

    func note(_ merged: [ContactKey: ContactKey]) {
        guard !merged.isEmpty else { return }
        contacts.withLock { contacts in
            if contacts.count + merged.count > Self.limit { contacts = [:] }
            for (subject, contact) in merged { contacts[subject] = contact == subject ? nil : contact }
        }
    }

    func forget(_ subjects: Set<ContactKey>) {
        guard !subjects.isEmpty else { return }
        contacts.withLock { contacts in
            for subject in subjects { contacts[subject] = nil }
        }
    }
}

extension RememberedMerges {
    /// Shares events out, in their order. What is about one person, as far as is known, comes into one share, and so does
    /// what is about people whom an event links.
    func shares(of events: [AcceptedEvent], among count: Int) -> [[AcceptedEvent]] {
        guard count > 1 else { return [events] }
        let contacts = contacts(of: events.subjects)
        var linked: [ContactKey: ContactKey] = [:]
        func head(_ subject: ContactKey) -> ContactKey {
            var head = contacts[subject] ?? subject
            while let next = linked[head] { head = next }
            return head
        }
        for event in events where !event.aliases.isEmpty {
            for other in event.linkedSubjects {
                let (one, another) = (head(event.subjectKey), head(other))
                if one != another { linked[max(one, another)] = min(one, another) }
            }
        }
        var shares = [[AcceptedEvent]](repeating: [], count: count)
        for event in events { shares[Int(head(event.subjectKey).contact.low % UInt64(count))].append(event) }
        return shares.filter { !$0.isEmpty }
    }
}
