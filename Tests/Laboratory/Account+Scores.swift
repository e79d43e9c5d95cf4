import Expressions
import Model
import Postgres
import TestSupport
import Workspaces

extension Cluster {
    /// I9: the sums of scores are what the log gives when they are counted from nothing, contact by contact.
    nonisolated func settleScores(_ account: inout Account) async throws {
        let models = Workspace.load(files: workspace).workspace?.scores ?? []
        guard !models.isEmpty else { return }
        let (events, held) = try await stage.database.pool.withConnection { session in
            let events = try session.query(
                "select contact_id::text, at, event_id, name, properties::text from events"
            ).map { try $0.decode((String.self, Timestamp.self, String.self, String.self, String.self)) }
            let held = try session.query("select contact_id::text, model, epoch, amount from scores").map {
                try $0.decode((String.self, String.self, Int64.self, Int64.self))
            }
            return (events, held)
        }
        var sums: [String: Int64] = [:]
        for (contact, at, id, name, properties) in events {
            let event = HistoryEvent(
                at: at, eventID: id, name: name, properties: try JSON(parsing: Array(properties.utf8)))
            for model in models {
                guard let (epoch, amount) = model.contribution(of: event) else { continue }
                sums["\(contact) \(model.name) \(epoch)", default: 0] += amount
            }
        }
        for (contact, model, epoch, amount) in held { sums["\(contact) \(model) \(epoch)", default: 0] -= amount }
        account.complain("scores differ from what the log gives", sums.filter { $0.value != 0 }.keys)
    }
}
