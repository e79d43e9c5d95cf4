import Contracts
import Model
import Postgres
import Store

/// What a batch says about two names being one person, and the merges that follow.
///
/// Only trusted senders link names. Two contacts that both have a user id never merge; of the others the one with the
/// stronger name survives, and of two equally strong the one with the lesser id.
struct IdentityLinks {
    /// Survivors that an event names together: the event's own, and that of a weaker name.
    private var pairs: [(strong: ContactKey, weak: ContactKey)] = []

    /// The contacts that may merge; they are to be locked.
    var contacts: Set<ContactKey> { Set(pairs.flatMap { [$0.strong, $0.weak] }) }

    /// - Throws: `AudienceBatch.Strangers` where one of the names stands for nobody yet.
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
                guard let subject = standing[event.workspace]?[alias] else { throw AudienceBatch.Strangers() }
                guard let strong = survivors[own],
                    let weak = aliasSurvivors[ContactKey(workspace: event.workspace, contact: subject)], weak != strong
                else { continue }
                pairs.append((strong, weak))
            }
        }
    }

    /// What was merged.
    struct Merges {
        init() {}

        /// For each contact that is gone, its survivor.
        fileprivate(set) var survivors: [ContactKey: ContactKey] = [:]
        /// The stages that those who are gone held, by survivor.
        fileprivate(set) var stages: [ContactKey: [String]] = [:]

        fileprivate mutating func note(_ weak: ContactKey, into strong: ContactKey, stage: String?) {
            survivors[weak] = strong
            for (gone, survivor) in survivors where survivor == weak { survivors[gone] = strong }
            stages[strong, default: []] += (stages.removeValue(forKey: weak) ?? []) + [stage].compactMap { $0 }
        }
    }

    /// Merges what may merge; the contacts' locks are held.
    func merge(now: Timestamp, in session: PostgresSession) throws -> Merges {
        var merges = Merges()
        guard !pairs.isEmpty else { return merges }
        _ = try SendStates.lock(contacts, in: session)
        for pair in pairs {
            var strong = merges.survivors[pair.strong] ?? pair.strong
            var weak = merges.survivors[pair.weak] ?? pair.weak
            guard strong != weak else { continue }
            let own = try Identities.rank(of: strong, in: session)
            let other = try Identities.rank(of: weak, in: session)
            if own.kind == .user, other.kind == .user { continue }
            if other < own { swap(&strong, &weak) }
            let stage = try mergeAttributes(of: weak, into: strong, in: session)
            try Merging.merge(weak, into: strong, now: now, in: session)
            merges.note(weak, into: strong, stage: stage)
        }
        return merges
    }

    /// Per attribute the last writer wins, whichever contact it wrote to. From here on the contact is known.
    ///
    /// - Returns: the stage of the one that goes.
    private func mergeAttributes(
        of weak: ContactKey, into strong: ContactKey, in session: PostgresSession
    ) throws -> String? {
        let states = try Contacts.states(of: [weak, strong], in: session)
        guard let from = states[weak], var to = states[strong] else { return nil }
        for (name, mark) in from.marks where to.marks[name].map({ $0 < mark }) ?? true {
            to.marks[name] = mark
            to.attributes[name] = from.attributes[name]
        }
        to.forgetHearsay()
        try Contacts.describe([to], in: session)
        return from.stage
    }
}
