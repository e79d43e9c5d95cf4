import Messaging
import Model
import Postgres
import Store

/// Everything that is a fact in the store, in an order of its own.
struct Snapshot: Hashable, Sendable {
    var events: [String]
    var contacts: [String]
    var scores: [String]
    var consents: [String]
}

extension Bench {
    /// The facts as SQL shows them; contacts that have merged away and empty scores left out.
    func snapshot() async throws -> Snapshot {
        Snapshot(
            events: try await texts(
                "select concat_ws('|', contact_id, at, name, event_id, properties) from events order by 1"),
            contacts: try await texts(
                """
                select concat_ws('|', contact_id, attributes) from contacts where merged_into is null order by 1
                """),
            scores: try await texts(
                "select concat_ws('|', contact_id, model, epoch, amount) from scores order by 1"),
            consents: try await texts(
                """
                select concat_ws('|', contact_id, topic, channel, address, at, event_id, state) from consents order by 1
                """))
    }
}
