public import Messaging
public import Model

/// Where groups of events go: the broker.
public protocol EventSink: Sendable {
    /// Puts a body into the queue `events`; returns once it is safe there.
    ///
    /// The same body may be given again after an error: consumers take it as one.
    ///
    /// - Parameter time: for all of it, the broker's return included; then it throws.
    func publish(_ body: [UInt8], id: UniqueID, within time: Duration) async throws
}

/// The broker's queue of live events.
public struct BrokerEventSink: EventSink {
    private let publisher: Publisher

    public init(_ publisher: Publisher) { self.publisher = publisher }

    public func publish(_ body: [UInt8], id: UniqueID, within time: Duration) async throws {
        try await publisher.publish(body, to: .events, lane: .live, messageID: id.description, timeout: time)
    }
}
