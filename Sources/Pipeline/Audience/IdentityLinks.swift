import Contracts
import Model
import Postgres
import Store

/// What a batch says about two names being one person, and the merges that follow.
///
/// Only trusted senders link names. Two contacts that both have a user id never merge; of the others the one with the
/// stronger name survives.
struct IdentityLinks {
    /// Survivors that an event names together: the event's own, and that of a weaker name.
    private var pairs: [(strong: ContactKey, weak: ContactKey)] = []

    /// The contacts that may merge; they are to be locked.
    var contacts: Set<ContactKey> { Set(pairs.flatMap { [$0.strong, $0.weak] }) }

    init(
        _ events: ArraySlice<AcceptedEvent>, survivors: [ContactKey: ContactKey], in session: PostgresSession
    ) throws {
        let linking = events.filter { $0.trust != .publicKey && !$0.aliases.isEmpty }
        guard !linking.isEmpty else { return }
        let names = linking.flatMap { event in event.aliases.map { (workspace: event.workspace, identity: $0) } }
        let standing = try Identities.subjects(of: names, in: session)
        let subjects = Set(
            standing.flatMap { workspace, names in
                names.values.map { ContactKey(workspace: workspace, contact: $0) }
            })
        let aliasSurvivors = try Contacts.survivors(of: Array(subjects), in: session)
        for event in linking {
            let own = ContactKey(workspace: event.workspace, contact: event.subjectID)
            for alias in event.aliases {
                guard let subject = standing[event.workspace]?[alias], let strong = survivors[own],
                    let weak = aliasSurvivors[ContactKey(workspace: event.workspace, contact: subject)], weak != strong
                else { continue }
                pairs.append((strong, weak))
            }
        }
    }

    /// Merges what may merge; the contacts' locks are held.
    ///
    /// - Returns: for each contact that is gone, its survivor.
    func merge(now: Timestamp, in session: PostgresSession) throws -> [ContactKey: ContactKey] {
        guard !pairs.isEmpty else { return [:] }
        _ = try SendStates.lock(contacts, in: session)
        var survivors: [ContactKey: ContactKey] = [:]
        for pair in pairs {
            let strong = survivors[pair.strong] ?? pair.strong
            let weak = survivors[pair.weak] ?? pair.weak
            guard strong != weak, try !hasUser(weak, in: session) else { continue }
            try mergeAttributes(of: weak, into: strong, in: session)
            try Merging.merge(weak, into: strong, now: now, in: session)
            survivors[weak] = strong
            for (gone, survivor) in survivors where survivor == weak { survivors[gone] = strong }
        }
        return survivors
    }

    private func hasUser(_ contact: ContactKey, in session: PostgresSession) throws -> Bool {
        try Identities.all(of: contact, in: session).contains { $0.kind == .user }
    }

    /// Per attribute the last writer wins, whichever contact it wrote to.
    private func mergeAttributes(
        of weak: ContactKey, into strong: ContactKey, in session: PostgresSession
    ) throws {
        let states = try Contacts.states(of: [weak, strong], in: session)
        guard let from = states[weak], var to = states[strong] else { return }
        for (name, mark) in from.marks where to.marks[name].map({ $0 < mark }) ?? true {
            to.marks[name] = mark
            to.attributes[name] = from.attributes[name]
        }
        if to.stage == nil { to.stage = from.stage }
        try Contacts.save([to], in: session)
    }
}
