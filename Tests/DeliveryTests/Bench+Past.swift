import Contracts
import Model
import Postgres
import Store
import TestSupport

extension Bench {
    /// Something that a user did, so long before the start.
    func happen(
        _ name: String, to user: String, _ ago: Span, saying properties: String = "{}",
        trust: AcceptedEvent.Trust = .server
    ) async throws {
        let at = Self.start - ago
        let event = AcceptedEvent(
            workspace: workspace, eventID: "\(name) \(ago)", call: .track, subject: .id(contact(user).contact),
            name: name,
            sentTime: at, at: at, receivedAt: at, trust: trust, properties: Array(properties.utf8))
        try await database.pool.withTransaction { _ = try EventLog.append([event], in: $0) }
    }
}
