import Expressions
import Model
import Postgres
import Scores
import Store
import TestSupport
import Workspaces

extension Cluster {
    /// I9: the sums of scores, and the events that capped rules count, are what the log gives when they are counted from
    /// nothing, contact by contact.
    nonisolated func settleScores(_ account: inout Account) async throws {
        let models = Workspace.load(files: workspace).workspace?.scores ?? []
        guard !models.isEmpty else { return }
        let (events, held, now) = try await stage.database.pool.withConnection { session in
            let events = try session.query(
                "select contact_id::text, at, event_id, name, properties::text from events"
            ).map { try $0.decode((String.self, Timestamp.self, String.self, String.self, String.self)) }
            return (events, try Self.heldScores(session), try DomainClock.read(in: session))
        }
        var histories: [String: [HistoryEvent]] = [:]
        for (contact, at, id, name, properties) in events {
            histories[contact, default: []].append(
                HistoryEvent(at: at, eventID: id, name: name, properties: try JSON(parsing: Array(properties.utf8))))
        }
        var counted: Set<String> = []
        for (contact, history) in histories {
            for model in models {
                let book = try ScoreBook(model, of: history)
                for term in book.balance.standing(at: now).terms {
                    let end = term.until?.description ?? "-"
                    counted.insert("\(contact) \(model.name) \(term.epoch) \(end): \(term.amount)")
                }
                for (slot, list) in book.counted {
                    let ids = list.places.map { $0.eventID ?? "" }.joined(separator: " ")
                    counted.insert("\(contact) \(model.name) rule \(slot.rule) on \(slot.day): \(ids)")
                }
            }
        }
        account.complain("scores differ from what the log gives", held.symmetricDifference(counted))
    }

    /// The same in words, as the tables have it.
    private static func heldScores(_ session: PostgresSession) throws -> Set<String> {
        let now = try DomainClock.read(in: session)
        let sums = try session.query(
            """
            select contact_id::text, model, epoch, null::timestamptz, amount from scores where amount <> 0
            union all
            select contact_id::text, model, epoch, until, amount from expiring_scores
            where amount <> 0 and until > \(now)
            """
        ).map { row in
            let (contact, model, epoch, until, amount) = try row.decode(
                (String.self, String.self, Int64.self, Timestamp?.self, Int64.self))
            return "\(contact) \(model) \(epoch) \(until?.description ?? "-"): \(amount)"
        }
        let lists = try session.query(
            """
            select contact_id::text, model, rule, day,
                coalesce((select string_agg(c ->> 1, ' ' order by i)
                    from jsonb_array_elements(counted) with ordinality as e (c, i)), '')
            from score_counts
            """
        ).map { row in
            let (contact, model, rule, day, ids) = try row.decode(
                (String.self, String.self, Int16.self, Int32.self, String.self))
            return "\(contact) \(model) rule \(rule) on \(day): \(ids)"
        }
        return Set(sums + lists)
    }
}
