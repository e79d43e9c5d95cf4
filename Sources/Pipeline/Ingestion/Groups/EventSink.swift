public import Messaging
public import Model

/// Where groups of events go: the broker.
public protocol EventSink: Sendable {
    /// Puts a body into the queue `events`; returns once it is safe there.
    ///
    /// The same body may be given again after an error: consumers take it as one.
    func publish(_ body: [UInt8], id: UniqueID) async throws
}

/// The broker's queue of live events.
public struct BrokerEventSink: EventSink {
    private let publisher: Publisher

    /// - Parameter publisher: its time-out bounds how long one attempt waits for the broker to return.
    public init(_ publisher: Publisher) { self.publisher = publisher }

    public func publish(_ body: [UInt8], id: UniqueID) async throws {
        try await publisher.publish(body, to: .events, lane: .live, messageID: id.description)
    }
}
