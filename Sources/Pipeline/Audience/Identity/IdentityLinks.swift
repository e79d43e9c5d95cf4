import Contracts
import Model
import Postgres
import Store

/// What a batch says about names being one person, and what follows: merges, and names that move to whom they belong.
///
/// Only trusted senders link names. Who is one person follows from the set of links whatever their order; see
/// `IdentityForest` for the rule, and `loods contacts merges` for the account.
struct IdentityLinks {
    private let linking: [AcceptedEvent]

    init(_ events: ArraySlice<AcceptedEvent>) { linking = events.filter { !$0.linkedSubjects.isEmpty } }

    /// What was merged and moved.
    struct Outcome {
        init() {}

        /// For each contact that is gone, its survivor.
        fileprivate(set) var survivors: [ContactKey: ContactKey] = [:]
        /// For each subject that has moved, its contact.
        fileprivate(set) var moved: [ContactKey: ContactKey] = [:]
        /// The stages that those who are gone held, by survivor.
        fileprivate(set) var stages: [ContactKey: [String]] = [:]
        /// The contacts whose past has changed.
        fileprivate(set) var stirred: Set<ContactKey> = []
        /// Those of them whose scores are to be counted from the log.
        fileprivate(set) var recounted: Set<ContactKey> = []

        var isEmpty: Bool { survivors.isEmpty && moved.isEmpty }

        /// The contact of a subject that had `contact` before.
        func contact(of subject: ContactKey, before contact: ContactKey) -> ContactKey {
            moved[subject] ?? survivors[contact] ?? contact
        }
    }

    /// Settles who is who by the links of those events that are new; the locks of all contacts are held.
    ///
    /// - Parameters:
    ///   - survivors: The contact of every subject of the batch, as read under the locks.
    ///   - fresh: The new events, which stand in the log by now, and are nobody's facts yet.
    func settle(
        _ fresh: [AcceptedEvent], survivors: [ContactKey: ContactKey], standings: [ContactKey: Contacts.Standing],
        now: Timestamp, in session: PostgresSession
    ) throws -> Outcome {
        var outcome = Outcome()
        guard !linking.isEmpty else { return outcome }
        let new = try newLinks(of: fresh, in: session)
        guard !new.isEmpty else { return outcome }
        let contacts = Set(new.flatMap { [survivors[$0.subject], survivors[$0.other]].compactMap(\.self) })
        let members = try IdentityGraph.members(of: contacts, in: session)
        let held = try IdentityGraph.held(among: members.map(\.subject), in: session)
        let forest = IdentityForest(members, held: held, new: new)
        try IdentityGraph.save(forest.links.filter { !held.contains($0) }, in: session)
        let changes = forest.changes
        let joins = changes.filter { $0.rule == .joined }
        let blank = try Contacts.blank(
            among: joins.map(\.subject).filter { standings[$0]?.evaluatedRevision == 0 }, in: session)
        try Merging.mergeBlank(joins.filter { blank.contains($0.subject) }.map { ($0.from, $0.to) }, in: session)
        let known = joins.filter { !blank.contains($0.subject) }
        if !known.isEmpty {
            _ = try SendStates.lock(Set(known.flatMap { [$0.from, $0.to] }), in: session)
        }
        for join in known {
            let stage = try mergeDescriptions(of: join.from, into: join.to, in: session)
            try Merging.merge(join.from, into: join.to, now: now, in: session)
            outcome.stages[join.to, default: []] += [stage].compactMap(\.self)
            outcome.stirred.insert(join.to)
        }
        for join in joins { outcome.survivors[join.from] = join.to }
        try forgetHearsay(of: Set(joins.map(\.to)).subtracting(outcome.stirred), members, in: session)
        for move in SubjectMove.all(in: changes) {
            try move.apply(leavingOut: fresh, in: session)
            for subject in move.subjects { outcome.moved[subject] = move.to }
            outcome.stirred.formUnion([move.from, move.to])
            outcome.recounted.formUnion([move.from, move.to])
        }
        try Merges.append(
            changes.map {
                Merges.Entry(
                    contact: $0.to, subject: $0.subject.contact, from: $0.from.contact, link: $0.link, rule: $0.rule,
                    decidedAt: now)
            }, in: session)
        return outcome
    }

    /// The links that were not known, or by a later event.
    private func newLinks(
        of fresh: [AcceptedEvent], in session: PostgresSession
    ) throws -> [IdentityGraph.Link] {
        let links = Dictionary(fresh.flatMap(\.links).map { ($0.pair, $0) }) { $1.comesBefore($0) ? $1 : $0 }
        guard !links.isEmpty else { return [] }
        let known = try IdentityGraph.links(of: links.keys, in: session)
        return links.values.filter { link in known[link.pair].map { link.comesBefore($0) } ?? true }
    }

    /// Per attribute the last writer wins, whichever contact it wrote to, and the same of the company. From here on the
    /// contact is known.
    ///
    /// - Returns: the stage of the one that goes.
    private func mergeDescriptions(
        of weak: ContactKey, into strong: ContactKey, in session: PostgresSession
    ) throws -> String? {
        let states = try Contacts.states(of: [weak, strong], in: session)
        guard let from = states[weak], var to = states[strong] else { return nil }
        for (name, mark) in from.marks where to.marks[name].map({ $0 < mark }) ?? true {
            to.marks[name] = mark
            to.attributes[name] = from.attributes[name]
        }
        if let membership = from.membership { to.join(membership) }
        to.forgetHearsay()
        try Contacts.describe([to], in: session)
        return from.stage
    }

    /// A device that has another name from now on is no stranger any more.
    private func forgetHearsay(
        of contacts: Set<ContactKey>, _ members: [IdentityGraph.Member], in session: PostgresSession
    ) throws {
        let strangers = members.filter { contacts.contains($0.subject) && $0.kind == .anonymous }.map(\.subject)
        guard !strangers.isEmpty else { return }
        let states = try Contacts.states(of: strangers, in: session).values
        try Contacts.describe(
            states.compactMap { state in
                var state = state
                return state.forgetHearsay() ? state : nil
            }, in: session)
    }
}

extension AcceptedEvent {
    /// The subjects of the weaker names that the event links to its own: none where the sender is not trusted.
    var linkedSubjects: [ContactKey] {
        guard trust != .publicKey else { return [] }
        return aliases.lazy.map { ContactKey(workspace: workspace, contact: $0.subjectID(in: workspace)) }
            .filter { $0.contact != subjectID }
    }

    fileprivate var links: [IdentityGraph.Link] {
        linkedSubjects.map {
            IdentityGraph.Link(
                pair: IdentityGraph.Pair(workspace: workspace, subject: subjectID, other: $0.contact), at: at,
                eventID: eventID)
        }
    }
}
