import Contracts
import Model

/// An event that Loods alone says came from somebody else: it is set aside, for the log tells events by their names and
/// scores are counted from it. The edge and imports refuse such events; this is for what was sent to older ones.
struct ReservedEvent: Error, CustomStringConvertible {
    var name: String
    var description: String { "\"\(name)\" is said by Loods alone" }

    /// - Throws: where one of `events` is such an event.
    static func refuse(in events: some Sequence<AcceptedEvent>) throws {
        for event in events where event.trust != .system && EventNames.own.contains(event.name) {
            throw ReservedEvent(name: event.name)
        }
    }
}
