import Contracts
import Model

/// What the facts must be: a fold over the set of accepted events, by one thread, with nothing of the code under test.
struct Oracle {
    /// The accepted events, each once; clicks that were not tied to anybody are left out.
    let events: [AcceptedEvent]
    /// The contact of each subject.
    private(set) var survivors: [UniqueID: UniqueID] = [:]
    private let groups: NameGroups

    /// - Parameter isTied: whether a click was tied to its person when it came.
    init(_ crowd: Crowd, isTied: (AcceptedEvent) -> Bool) {
        let all = crowd.prelude + crowd.rest
        groups = NameGroups(all)
        events = all.filter { $0.trust != .system || isTied($0) }
        for group in Dictionary(grouping: groups.subjects, by: groups.group).values {
            let survivor = group.min { groups.rank($0) < groups.rank($1) }!
            for subject in group { survivors[subject] = survivor }
        }
    }

    func contact(of event: AcceptedEvent) -> UniqueID { survivors[event.subjectID]! }

    var facts: StoredFacts {
        var facts = StoredFacts()
        for (subject, survivor) in survivors { facts.survivors.insert("\(subject) \(survivor)") }
        for event in events { facts.events.insert(event.line(of: contact(of: event))) }
        for (contact, events) in Dictionary(grouping: events, by: contact) {
            let attributes = attributes(of: contact, events)
            facts.attributes[contact] = attributes
            facts.topics[contact] = topics(of: events, at: attributes["email"]?.string)
            facts.stages[contact] = stage(events)
            let segments = segments(of: events, attributes, facts.topics[contact] ?? [])
            facts.segments[contact] = segments
            facts.personas[contact] =
                segments.contains("a-mixture") ? "mixed" : segments.contains("located") ? "local" : nil
            for event in events { add(event, of: contact, to: &facts) }
            addCapped(events, of: contact, to: &facts)
        }
        facts.scores = facts.scores.filter { $0.value != 0 }
        facts.attributes = facts.attributes.filter { !$0.value.isEmpty }
        facts.topics = facts.topics.filter { !$0.value.isEmpty }
        facts.segments = facts.segments.filter { !$0.value.isEmpty }
        return facts
    }

    // MARK: Attributes

    /// The last writer wins, name by name; a stranger is whoever has one name, a device, and no address from a server.
    private func attributes(of contact: UniqueID, _ events: [AcceptedEvent]) -> [String: JSON] {
        let isStranger =
            survivors.values.count { $0 == contact } == 1 && groups.kind(of: contact) == .anonymous
            && !events.contains { $0.trust != .publicKey && $0.traits.keys.contains("email") }
        let telling = events.filter { $0.trust != .publicKey || isStranger }.sorted { left, right in
            let (early, late) = (left.trust == .publicKey, right.trust == .publicKey)
            return early == late ? left.comesBefore(right) : early
        }
        var attributes: [String: JSON] = [:]
        for event in telling {
            for (name, value) in event.traits where event.trust != .publicKey || name != "email" {
                attributes[name] = value == .null ? nil : value
            }
        }
        return attributes
    }

    // MARK: Scores and consents

    /// Every event is on a whole hour, and the half-life is one: so all is whole numbers, in units of 1/256,000 point.
    private func add(_ event: AcceptedEvent, of contact: UniqueID, to facts: inout StoredFacts) {
        let hour = event.at.microseconds / 3_600_000_000
        let engagement: [String: Int64] = [
            "Page Viewed": 1000, "Form Submitted": 10_000, "Email Clicked": 3000, "Order Refunded": -4000,
        ]
        if let points = engagement[event.name] {
            facts.scores["\(contact) engagement \(hour / 16)", default: 0] += points * 256 << (hour % 16)
        }
        if event.name == "Order Completed", event.property("order") != "o0" {
            facts.scores["\(contact) loyalty 0", default: 0] += 2500
        }
        if let line = event.consentLine { facts.consents.insert("\(contact) \(line)") }
    }

    /// What caps let through, event by event in their order; and what ends does not outlive.
    private func addCapped(_ events: [AcceptedEvent], of contact: UniqueID, to facts: inout StoredFacts) {
        let ordered = events.sorted { $0.comesBefore($1) }
        func counted(_ name: String, perDay: Int = .max, total: Int = .max) -> [AcceptedEvent] {
            var (days, all): ([Int64: Int], Int) = ([:], 0)
            return ordered.filter { event in
                guard event.name == name else { return false }
                // Amsterdam is an hour ahead in March.
                let day = (event.at.microseconds / 3_600_000_000 + 1) / 24
                guard days[day, default: 0] < perDay, all < total else { return false }
                (days[day, default: 0], all) = (days[day, default: 0] + 1, all + 1)
                return true
            }
        }
        func add(_ points: Int, for events: [AcceptedEvent]) {
            facts.scores["\(contact) attention 0", default: 0] += Int64(events.count * points * 1000)
        }
        add(1, for: counted("Page Viewed", perDay: 2))
        add(2, for: counted("Docs Viewed", total: 3))
        add(5, for: counted("Order Completed", perDay: 1, total: 2))
        add(-3, for: counted("Order Refunded", perDay: 1))
        let heat = counted("Page Viewed", perDay: 2).map { ($0, 1, 30) } + counted("Docs Viewed").map { ($0, 4, 20) }
        for (event, points, hours) in heat {
            let (hour, end) = (event.at.microseconds / 3_600_000_000, event.at + .hours(Int64(hours)))
            guard end > Bench.start else { continue }
            let sum = "\(contact) heat \(hour / 16) until \(end)"
            facts.scores[sum, default: 0] += Int64(points) * 256_000 << (hour % 16)
        }
    }

    /// Consent is for an address; without one named, for whichever it is, until a withdrawal anywhere.
    private func topics(of events: [AcceptedEvent], at address: String?) -> Set<String> {
        guard let address = address?.lowercased() else { return [] }
        var given: [String: Bool] = [:]
        var namesNone: [String: Bool] = [:]
        let ordered = events.filter { $0.consentLine != nil }.sorted { left, right in
            left.at == right.at && left.name != right.name
                ? left.name == EventNames.consentGiven : left.comesBefore(right)
        }
        for event in ordered {
            let topic = event.property("topic")!
            let named = event.property("address")?.lowercased()
            let isGiven = event.name == EventNames.consentGiven
            if named == nil || named == address {
                (given[topic], namesNone[topic]) = (isGiven, named == nil)
            } else if !isGiven, given[topic] == true, namesNone[topic] == true {
                given[topic] = false
            }
        }
        return Set(given.filter(\.value).keys)
    }

    // MARK: Segments

    private func segments(
        of events: [AcceptedEvent], _ attributes: [String: JSON], _ topics: Set<String>
    ) -> Set<String> {
        let orders = events.filter { $0.name == "Order Completed" }
        let recent = Bench.start - .hours(20)
        let refunds = events.count { $0.name == "Order Refunded" && $0.at > recent }
        let isBuyer = orders.count >= 2
        let memberships = [
            "buyers": isBuyer, "offered": topics.contains("offers"),
            "a-mixture": isBuyer && !topics.contains("offers"),
            "located": attributes["city"]?.string == "Delft 3",
            "loyal": orders.count { $0.property("order") != "o0" } >= 2, "refunders": refunds == 1,
            "thinkers": stage(events) == "think",
        ]
        return Set(memberships.filter(\.value).keys)
    }

    // MARK: Decisions

    private func stage(_ events: [AcceptedEvent]) -> String {
        if events.count(where: { $0.name == "Order Completed" }) >= 2 { return "do" }
        return events.contains { $0.name == "Form Submitted" } ? "think" : "see"
    }

    /// How many orders a contact has up to and including an instant's event.
    func orders(of contact: UniqueID, upTo event: AcceptedEvent) -> Int {
        events.count { $0.name == "Order Completed" && self.contact(of: $0) == contact && !event.comesBefore($0) }
    }
}

/// Who is one person: names that trusted events name together, the earliest event first, as long as that makes no two user
/// ids one.
private struct NameGroups {
    private var groups: [UniqueID: UniqueID] = [:]
    private var kinds: [UniqueID: Identity.Kind] = [:]

    init(_ events: [AcceptedEvent]) {
        for event in events {
            groups[event.subjectID] = event.subjectID
            if case .identity(let identity) = event.subject { kinds[event.subjectID] = identity.kind }
        }
        let linking = events.filter { $0.trust != .publicKey }.sorted { left, right in
            let isOne = left.at == right.at && left.eventID == right.eventID
            return isOne ? left.subjectID < right.subjectID : left.comesBefore(right)
        }
        for event in linking {
            let names = event.aliases.sorted { $0.subjectID(in: event.workspace) < $1.subjectID(in: event.workspace) }
            for name in names { join(event.subjectID, name.subjectID(in: event.workspace), name.kind) }
        }
    }

    var subjects: [UniqueID] { Array(groups.keys) }

    private mutating func join(_ subject: UniqueID, _ other: UniqueID, _ kind: Identity.Kind) {
        kinds[other] = kind
        groups[other] = groups[other] ?? other
        let (to, from) = (group(subject), group(other))
        guard !hasUser(to) || !hasUser(from) else { return }
        for (name, group) in groups where group == from { groups[name] = to }
    }

    private func hasUser(_ group: UniqueID) -> Bool {
        groups.contains { $0.value == group && kinds[$0.key] == .user }
    }

    func group(_ subject: UniqueID) -> UniqueID { groups[subject]! }
    func kind(of subject: UniqueID) -> Identity.Kind { kinds[subject] ?? .email }

    struct Rank: Comparable {
        var kind: Identity.Kind
        var subject: UniqueID

        static func < (left: Rank, right: Rank) -> Bool { (left.kind, left.subject) < (right.kind, right.subject) }
    }

    func rank(_ subject: UniqueID) -> Rank { Rank(kind: kind(of: subject), subject: subject) }
}

extension AcceptedEvent {
    /// By time, and of one instant by the bytes of the id.
    func comesBefore(_ other: AcceptedEvent) -> Bool {
        at == other.at ? Array(eventID.utf8).lexicographicallyPrecedes(Array(other.eventID.utf8)) : at < other.at
    }

    func property(_ name: String) -> String? { (try? JSON(parsing: properties))?[name]?.string }

    fileprivate var traits: [String: JSON] {
        let traits = call == .identify ? try? JSON(parsing: properties) : (try? JSON(parsing: context))?["traits"]
        return traits?.object ?? [:]
    }

    fileprivate var consentLine: String? {
        guard EventNames.consents.contains(name), trust != .publicKey else { return nil }
        let state = name == EventNames.consentGiven ? "given" : "withdrawn"
        return "\(property("topic")!) email <\(property("address")?.lowercased() ?? "")> "
            + "\(at.microseconds) \(eventID) \(state)"
    }

    /// As the facts tell it.
    fileprivate func line(of contact: UniqueID) -> String {
        "\(contact) \(subjectID) \(at.microseconds) \(name) \(eventID)"
    }
}
