import Contracts
import Messaging
import Model

/// Packs events into bodies of a bounded size.
struct EventBodies {
    /// A body on its way.
    struct Body: Sendable {
        let id: UniqueID
        var events: [AcceptedEvent] = []

        var encoded: [UInt8] { EventBatch(id: id, events: events).encoded }
    }

    private let most: Int
    private var body = Body(id: .random())
    private var room = Publisher.preferredBodyLimit

    /// - Parameter most: events of one body.
    init(most: Int) { self.most = most }

    /// Adds an event; gives the body that is full, where there is one now.
    mutating func add(_ event: AcceptedEvent) -> Body? {
        let size = event.size
        let isFull = body.events.count >= most || size > room
        let full = isFull ? take() : nil
        body.events.append(event)
        room -= size
        return full
    }

    /// The body under way; nil where it is empty.
    mutating func take() -> Body? {
        defer { (body, room) = (Body(id: .random()), Publisher.preferredBodyLimit) }
        return body.events.isEmpty ? nil : body
    }
}

extension AcceptedEvent {
    /// About how many bytes it takes in a body, rather more than less.
    var size: Int {
        let names = aliases.reduce(0) { $0 + $1.value.utf8.count + 8 }
        let subject = if case .identity(let identity) = subject { identity.value.utf8.count + 8 } else { 16 }
        return properties.count + context.count + eventID.utf8.count + name.utf8.count + names + subject + 96
    }
}
