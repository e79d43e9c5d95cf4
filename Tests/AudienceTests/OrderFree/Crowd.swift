import TestSupport
import Contracts
import Model
import Workspaces

/// People and all that is told about them, from a seed: names that come together, in every kind of event that makes a
/// fact.
///
/// Everybody is introduced in `prelude`: Loods itself speaks of contacts by their ids, and only of those there are. Whether a
/// click is tied to somebody is decided there as well, since it is asked when the click comes, and not again. Whose the
/// devices are that several users share is the earliest identify's, whenever it comes: such a device views, describes itself
/// and consents, but does nothing on which a decision is taken, since decisions stay where they were taken.
struct Crowd {
    /// Applied by one worker, in this order.
    private(set) var prelude: [AcceptedEvent] = []
    /// In any order, by anybody.
    private(set) var rest: [AcceptedEvent] = []

    /// What everybody's clicks come to.
    enum Tracking: CaseIterable {
        case always, never, wavering
    }

    private struct Member {
        var user: String?
        var devices: [String]
        var address: String
        var tracking: Tracking
    }

    private let bench: Bench
    private var dice: Dice

    init(seed: UInt64, of size: Int, on bench: Bench) {
        self.bench = bench
        dice = Dice(seed: seed)
        let people = (0..<6).map { number in
            Member(
                user: number % 3 == 1 ? nil : "user \(number)", devices: ["device \(number).0", "device \(number).1"],
                address: "p\(number)@shop.example", tracking: Tracking.allCases[number / 2])
        }
        for (number, member) in people.enumerated() { settle(member, number) }
        for number in 0..<size {
            let member = people[roll(people.count)]
            rest.append(happening(to: member, "e\(number)", among: people))
        }
    }

    /// Only those of `rest` whose numbers are in `kept`.
    mutating func keep(_ kept: Set<Int>) { rest = rest.indices.filter(kept.contains).map { rest[$0] } }

    private mutating func settle(_ member: Member, _ number: Int) {
        guard let user = member.user else {
            let device = member.devices[0]
            prelude.append(bench.event("Docs Viewed", "seen \(number)", of: .anonymous, device, minute: hour()))
            return
        }
        prelude.append(bench.identify("new \(number)", of: .user, user, minute: hour()))
        guard member.tracking == .always else { return }
        let traits: [String: JSON] = ["email": .string(member.address)]
        prelude.append(bench.identify("known \(number)", of: .user, user, minute: hour(), traits: traits))
        prelude.append(bench.consent("tracked \(number)", of: user, to: Workspace.trackingTopic, minute: hour()))
    }

    /// A device that every user uses now and then, and its own former name.
    static let shared = Identity(.anonymous, "shared device")
    static let former = Identity(.anonymous, "shared device before")

    private mutating func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &dice) }
    private mutating func oneIn(_ count: Int) -> Bool { roll(count) == 0 }
    /// A whole hour before the start, in minutes: events of one instant are common.
    private mutating func hour() -> Int64 { -60 * Int64(roll(40)) }

    /// The strongest name, or another of the member's.
    private mutating func name(of member: Member) -> Identity {
        if let user = member.user, oneIn(2) { return Identity(.user, user) }
        return Identity(.anonymous, member.devices[roll(2)])
    }

    private mutating func happening(to member: Member, _ id: String, among people: [Member]) -> AcceptedEvent {
        let device = Identity(.anonymous, member.devices[roll(2)])
        let minute = hour()
        switch roll(18) {
        case 0, 1: return identification(of: member, by: device, id)
        case 2, 3: return statement(by: member, id)
        case 4, 5: return order(by: member, id)
        case 6:
            return bench.event(
                EventNames.pageViewed, id, of: .anonymous, device.value, minute: minute, timed: false)
        case 7:
            return bench.identify(
                id, of: .anonymous, device.value, minute: minute, trust: .publicKey, traits: traits(of: nil, id))
        case 8:
            return bench.event("Form Submitted", id, of: .anonymous, device.value, minute: minute, trust: .publicKey)
        case 9, 10: return click(by: member, id)
        case 11:
            var event = bench.event("Docs Viewed", id, of: device.kind, device.value, minute: minute)
            event.context = JSON.object(["traits": .object(traits(of: nil, id))]).serialized
            return event
        case 12: return bench.event("Order Refunded", id, of: device.kind, device.value, minute: minute)
        case 13: return linking(of: member, id)
        case 14:
            return bench.event(
                EventNames.pageViewed, id, of: device.kind, device.value, minute: minute, effect: .history)
        default: return sharing(among: people, id)
        }
    }

    private mutating func identification(of member: Member, by device: Identity, _ id: String) -> AcceptedEvent {
        let address = Identity(.email, member.address)
        guard let user = member.user, oneIn(2) else {
            return bench.identify(
                id, of: .anonymous, device.value, minute: hour(), aliases: [address], traits: traits(of: member, id))
        }
        return bench.identify(
            id, of: .user, user, minute: hour(), aliases: oneIn(3) ? [device] : [device, address],
            traits: traits(of: member, id))
    }

    private mutating func traits(of member: Member?, _ id: String) -> [String: JSON] {
        var traits: [String: JSON] = ["visits": .string(id), "city": oneIn(3) ? .null : .string("Delft \(roll(9))")]
        if let member, !oneIn(3) {
            let forgets = member.tracking != .always && oneIn(4)
            traits["email"] = forgets ? .null : .string(oneIn(4) ? "new.\(member.address)" : member.address)
        }
        return traits
    }

    private mutating func statement(by member: Member, _ id: String) -> AcceptedEvent {
        let name = name(of: member)
        let topics = ["offers", "news"] + (member.tracking == .wavering ? [Workspace.trackingTopic] : [])
        var properties: [String: JSON] = ["topic": .string(topics[roll(topics.count)])]
        if oneIn(2) { properties["address"] = .string(oneIn(3) ? "New.\(member.address)" : member.address) }
        let statement = oneIn(2) ? EventNames.consentWithdrawn : EventNames.consentGiven
        return bench.event(statement, id, of: name.kind, name.value, minute: hour(), .object(properties))
    }

    private mutating func order(by member: Member, _ id: String) -> AcceptedEvent {
        let name = oneIn(2) ? Identity(.email, member.address) : name(of: member)
        return bench.event(
            "Order Completed", id, of: name.kind, name.value, minute: hour(),
            .object(["order": .string("o\(roll(3))")]))
    }

    private mutating func click(by member: Member, _ id: String) -> AcceptedEvent {
        let name = member.user.map { Identity(.user, $0) } ?? Identity(.anonymous, member.devices[0])
        var event = bench.event(
            EventNames.emailClicked, id, of: name.kind, name.value, minute: hour(), trust: .system)
        event.subject = .id(event.subjectID)
        return event
    }

    /// An alias call: somebody was known by another device before.
    private mutating func linking(of member: Member, _ id: String) -> AcceptedEvent {
        let name = member.user.map { Identity(.user, $0) } ?? Identity(.anonymous, member.devices[1])
        return bench.event(
            EventNames.aliased, id, of: name.kind, name.value, minute: hour(),
            aliases: [Identity(.anonymous, member.devices[0])], call: .alias)
    }

    /// Somebody at a device that others use as well: it is theirs who were linked to it first.
    private mutating func sharing(among people: [Member], _ id: String) -> AcceptedEvent {
        let users = people.compactMap(\.user)
        let device = oneIn(4) ? Self.former : Self.shared
        switch roll(6) {
        case 0: return bench.event(EventNames.pageViewed, id, of: .anonymous, device.value, minute: hour())
        case 1:
            return bench.identify(
                id, of: .anonymous, device.value, minute: hour(), traits: ["plan": .string(id), "city": .string(id)])
        case 2:
            return bench.event(
                oneIn(2) ? EventNames.consentWithdrawn : EventNames.consentGiven, id, of: .anonymous, device.value,
                minute: hour(), .object(["topic": "news"]))
        case 3:
            return bench.event(
                EventNames.aliased, id, of: .anonymous, Self.shared.value, minute: hour(), aliases: [Self.former],
                call: .alias)
        default:
            return bench.identify(
                id, of: .user, users[roll(users.count)], minute: hour(), aliases: [device],
                traits: ["plan": .string(id)])
        }
    }
}
