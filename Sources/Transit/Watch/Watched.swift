public import Messaging

/// What a service shows of itself and of its own input, so that each figure of the store and the broker is measured by those
/// whose work it is. Several processes of a service show the same figure; whoever adds up takes the greatest.
public struct Watched: Sendable {
    /// Parts of the store that belong to a service.
    public enum Part: Sendable, Hashable {
        case timers
        case wakes
        case log
        case messages
    }

    /// `ingest`, `scoring`, `scheduler` or `mailer`.
    public var service: String
    /// The queues that it takes from.
    public var queues: [QueueName]
    public var parts: Set<Part>
    /// The counters whose sum is its work, for its rate.
    public var work: [String]

    public static let ingest = Watched(
        service: "ingest", queues: [], parts: [], work: ["loods_ingest_events_total"])
    public static let scoring = Watched(
        service: "scoring", queues: [.events, .dead], parts: [.wakes, .log],
        work: ["loods_events_stored_total", "loods_events_repeated_total", "loods_events_untracked_total"])
    public static let scheduler = Watched(
        service: "scheduler", queues: [.signals], parts: [.timers],
        work: ["loods_signals_total", "loods_timers_fired_total"])
    public static let mailer = Watched(
        service: "mailer", queues: [.messages, .withdrawals, .returns], parts: [.messages],
        work: ["loods_delivery_attempts_total", "loods_messages_skipped_total"])
}
