import Contracts
import Messaging
import Model
import TestSupport

@testable import Audience

/// How a crowd's events come to scoring: mixed, repeated, in bodies of any size, and several bodies at a time to several
/// workers.
struct Arrival {
    /// What a worker is handed at once.
    private struct Hand {
        var bodies: [[AcceptedEvent]]
        var attempts = 0
    }

    private var workers: [[Hand]]

    init(_ events: [AcceptedEvent], workers count: Int, dice: inout Dice) {
        var bodies = Self.bodies(of: Self.copied(events, &dice), &dice)
        workers = [[Hand]](repeating: [], count: count)
        while !bodies.isEmpty {
            let part = bodies.prefix(Int.random(in: 1...3, using: &dice))
            bodies.removeFirst(part.count)
            // A body that is suspected of killing workers comes alone, and is taken event by event.
            let isSuspect = part.count == 1 && Int.random(in: 0..<3, using: &dice) == 0
            workers[Int.random(in: 0..<count, using: &dice)].append(
                Hand(bodies: Array(part), attempts: isSuspect ? 2 : 0))
        }
    }

    private static func copied(_ events: [AcceptedEvent], _ dice: inout Dice) -> [AcceptedEvent] {
        var copies = events
        for event in events where Int.random(in: 0..<4, using: &dice) == 0 {
            var copy = event
            // Of a copy only the receipt differs; an untimed event's receipt is its time.
            if event.sentTime != nil { copy.receivedAt = copy.receivedAt + .seconds(1) }
            copies += [copy, event].prefix(Int.random(in: 1...2, using: &dice))
        }
        return copies.shuffled(using: &dice)
    }

    private static func bodies(of events: [AcceptedEvent], _ dice: inout Dice) -> [[AcceptedEvent]] {
        var rest = events[...]
        var bodies: [[AcceptedEvent]] = []
        while !rest.isEmpty {
            let part = Array(rest.prefix(Int.random(in: 1...9, using: &dice)))
            rest = rest.dropFirst(part.count)
            bodies.append(part)
            // A body that a worker took and did not live to settle.
            if Int.random(in: 0..<6, using: &dice) == 0 {
                bodies.insert(part, at: Int.random(in: 0..<bodies.count, using: &dice))
            }
        }
        return bodies
    }

    /// The same way of coming, without the events whose ids are not among `ids`.
    mutating func keep(_ ids: Set<String>) {
        workers = workers.map { hands in
            hands.compactMap { hand in
                let bodies = hand.bodies.map { $0.filter { ids.contains($0.eventID) } }.filter { !$0.isEmpty }
                return bodies.isEmpty ? nil : Hand(bodies: bodies, attempts: hand.attempts)
            }
        }
    }

    /// What each worker is handed, in order.
    var hands: [[[Delivery]]] {
        workers.map { $0.map { hand in hand.bodies.map { Self.body($0, attempts: hand.attempts) } } }
    }

    /// The events one body at a time, in their order.
    static func inOrder(_ events: [AcceptedEvent]) -> [[Delivery]] { events.map { [body([$0], attempts: 0)] } }

    private static func body(_ events: [AcceptedEvent], attempts: Int) -> Delivery {
        Delivery(
            queue: .events, lane: .live,
            body: EventBatch(id: .derived("body", events.map(\.eventID).joined()), events: events).encoded,
            attempts: attempts)
    }
}

extension Delivery {
    /// Hands deliveries over as the broker does, until each is settled.
    ///
    /// - Returns: why one of them could not be handled; nil when all took effect.
    static func settle(_ deliveries: [Delivery], _ handle: ([Delivery]) async -> [Settlement]) async -> String? {
        var open = deliveries
        for _ in 0..<200 {
            let settlements = await handle(open)
            var again: [Delivery] = []
            for (delivery, settlement) in zip(open, settlements) {
                switch settlement {
                case .ack: break
                case .retry: again.append(delivery)
                case .setAside(let reason): return "set aside: \(reason)"
                }
            }
            if again.isEmpty { return nil }
            open = again
        }
        return "a batch did not get through in 200 attempts"
    }
}
