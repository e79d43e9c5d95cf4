import Model
import Store

/// Who is one person, as a function of the set of links alone.
///
/// Links are taken in the order of their events' (time, event id), and each makes its two ends one person unless both have
/// a user id by then. So two user ids never merge, and a name that several users are linked to belongs to the one who was
/// linked to it first. A link that this leaves out now is left out whatever becomes known later, and of what it keeps only
/// an earlier link can take something away; so people are settled from the links by which they hold together and the new
/// ones, and from nothing else (a minimum spanning forest whose roots are the users).
struct IdentityForest {
    /// The contact that each subject belongs to now, and its sort of name.
    private let members: [ContactKey: IdentityGraph.Member]
    private var parents: [ContactKey: ContactKey] = [:]
    private var sizes: [ContactKey: Int] = [:]
    private var users: Set<ContactKey> = []
    /// All links that were looked at, in their order, each with whether it holds from now on.
    private(set) var links: [IdentityGraph.Link] = []
    private let heldBefore: Set<IdentityGraph.Pair>

    /// - Parameters:
    ///   - members: all subjects of the contacts that `new` may concern.
    ///   - held: the links by which those contacts hold together.
    init(_ members: [IdentityGraph.Member], held: [IdentityGraph.Link], new: [IdentityGraph.Link]) {
        self.members = Dictionary(uniqueKeysWithValues: members.map { ($0.subject, $0) })
        heldBefore = Set(held.map(\.pair))
        for member in members where member.kind == .user { users.insert(member.subject) }
        keepUnlinked(held)
        let all = Dictionary((held + new).map { ($0.pair, $0) }) { $1.comesBefore($0) ? $1 : $0 }
        for var link in all.values.sorted(by: { $0.comesBefore($1) }) {
            link.isHeld = join(link)
            links.append(link)
        }
    }

    /// What a release linked that kept no links stays with whom it was, as if by a link before all others.
    private mutating func keepUnlinked(_ held: [IdentityGraph.Link]) {
        var linked = self
        for link in held { linked.unite(link.subject, link.other) }
        for (subject, member) in members where linked.root(subject) != linked.root(member.contact) {
            unite(subject, member.contact)
        }
    }

    private mutating func join(_ link: IdentityGraph.Link) -> Bool {
        guard members[link.subject] != nil, members[link.other] != nil else { return false }
        let (one, other) = (root(link.subject), root(link.other))
        guard one != other, !users.contains(one) || !users.contains(other) else { return false }
        unite(one, other)
        return true
    }

    private mutating func unite(_ one: ContactKey, _ other: ContactKey) {
        var (kept, gone) = (root(one), root(other))
        guard kept != gone else { return }
        if sizes[kept, default: 1] < sizes[gone, default: 1] { swap(&kept, &gone) }
        parents[gone] = kept
        sizes[kept] = sizes[kept, default: 1] + sizes[gone, default: 1]
        if users.contains(gone) { users.insert(kept) }
    }

    private func root(_ subject: ContactKey) -> ContactKey {
        var root = subject
        while let parent = parents[root] { root = parent }
        return root
    }

    // MARK: What comes of it

    /// A contact that becomes part of another, or a subject that another contact has the better claim to.
    struct Change {
        var rule: Merges.Rule
        /// The contact, or the subject.
        var subject: ContactKey
        var from: ContactKey
        var to: ContactKey
        /// The link that did it.
        var link: IdentityGraph.Link
    }

    /// Contacts that merge first, then subjects that move.
    var changes: [Change] {
        let owners = owners
        var changes: [Change] = []
        for (contact, subjects) in Dictionary(grouping: members.values, by: \.contact).sorted(by: { $0.key < $1.key }) {
            let targets = Set(subjects.map { owners[$0.subject] ?? contact })
            guard targets != [contact], let link = cause(for: contact) else { continue }
            // A contact that is to be somebody else's goes there with all it is, whichever of its names go on from there.
            let home = owners[contact] ?? contact
            if home != contact {
                changes.append(Change(rule: .joined, subject: contact, from: contact, to: home, link: link))
            }
            for subject in subjects.map(\.subject).sorted() {
                guard let owner = owners[subject], owner != home else { continue }
                changes.append(Change(rule: .moved, subject: subject, from: home, to: owner, link: link))
            }
        }
        return changes.filter { $0.rule == .joined } + changes.filter { $0.rule == .moved }
    }

    /// The contact that each subject is to belong to: of those whose own subjects are in it, the one with the strongest name,
    /// and of two equally strong the one with the lesser id.
    private var owners: [ContactKey: ContactKey] {
        var owners: [ContactKey: ContactKey] = [:]
        for group in Dictionary(grouping: members.values, by: { root($0.subject) }).values {
            let heads = group.filter { $0.subject == $0.contact }
            guard let head = heads.min(by: { $0.rank < $1.rank }) else { continue }
            for member in group { owners[member.subject] = head.subject }
        }
        return owners
    }

    private func cause(for contact: ContactKey) -> IdentityGraph.Link? {
        links.first { link in
            link.isHeld && !heldBefore.contains(link.pair)
                && (members[link.subject]?.contact == contact || members[link.other]?.contact == contact)
        } ?? links.first { members[$0.subject]?.contact == contact || members[$0.other]?.contact == contact }
    }
}

extension IdentityGraph.Member {
    fileprivate var rank: (Identity.Kind, ContactKey) { (kind ?? .email, subject) }
}

extension IdentityGraph.Link {
    var subject: ContactKey { ContactKey(workspace: pair.workspace, contact: pair.subject) }
    var other: ContactKey { ContactKey(workspace: pair.workspace, contact: pair.other) }

    /// The order in which links are taken: by time, then by the event id's bytes, then by the two subjects.
    func comesBefore(_ link: IdentityGraph.Link) -> Bool {
        if at != link.at { return at < link.at }
        if !eventID.utf8.elementsEqual(link.eventID.utf8) {
            return eventID.utf8.lexicographicallyPrecedes(link.eventID.utf8)
        }
        return (pair.subject, pair.other) < (link.pair.subject, link.pair.other)
    }
}
