import Contracts
import Messaging
import Model
import Postgres
import Store
import Transit

/// Publishes bodies into the bulk lane of the queue `events`, several at a time, each confirmed.
struct BulkPublishing: Sendable {
    /// Bodies without a confirm at any moment.
    static let window = 16
    /// How long a broker may be away before the command gives up.
    private static let patience = Duration.seconds(60)

    let publisher: Publisher
    let store: CommandStore
    let mode: DomainClock.Mode

    /// Returns how many events are safe now.
    func publish(_ body: EventBodies.Body, lane: Lane = .bulk) async throws -> Int {
        try await depart(body.id)
        let bytes = body.encoded
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do {
                try await publisher.publish(bytes, to: .events, lane: lane, messageID: body.id.description)
                return body.events.count
            } catch  where error.isTransient && !error.isRefusal && ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(250))
            } catch {
                await abandon(body.id)
                throw error
            }
        }
    }

    /// A stepped clock waits for whatever has departed.
    private func depart(_ id: UniqueID) async throws {
        guard mode == .stepped else { return }
        let now = MachineClock.host.now
        try await store.transaction { try Flights.depart([id], queue: "events", machineNow: now, in: $0) }
    }

    private func abandon(_ id: UniqueID) async {
        guard mode == .stepped else { return }
        // Where this fails too, the store is away, and loods clock says what it waits for.
        _ = try? await store.transaction { try Flights.arrive([id], in: $0) }
    }
}
