public import Model
public import Postgres

/// Scores as sums per model and epoch; see `Scores` for the arithmetic.
public enum ScoreSums {
    public struct Row: Sendable, Hashable {
        public var contact: ContactKey
        public var model: String
        public var epoch: Int64
        public var amount: Int64

        public init(contact: ContactKey, model: String, epoch: Int64, amount: Int64) {
            self.contact = contact
            self.model = model
            self.epoch = epoch
            self.amount = amount
        }
    }

    public static func load(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [Row]] {
        let rows = try session.query(
            """
            select s.workspace_id, s.contact_id, s.model, s.epoch, s.amount
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join scores s using (workspace_id, contact_id)
            """)
        var sums: [ContactKey: [Row]] = [:]
        for row in rows {
            let key = try ContactKey(row: row)
            sums[key, default: []].append(
                Row(
                    contact: key, model: try row[2, as: String.self], epoch: try row[3, as: Int64.self],
                    amount: try row[4, as: Int64.self]))
        }
        return sums
    }

    /// Adds amounts to the sums, any number to one; addends commute, so the order of batches does not matter.
    public static func add(_ rows: [Row], in session: PostgresSession) throws {
        guard !rows.isEmpty else { return }
        try session.execute(
            """
            insert into scores (workspace_id, contact_id, model, epoch, amount)
            select u.w, u.contact, u.model, u.epoch, sum(u.amount)::bigint
            from unnest(
                \(rows.map(\.contact.workspace)), \(rows.map(\.contact.contact)), \(rows.map(\.model)),
                \(rows.map(\.epoch)), \(rows.map(\.amount))) as u (w, contact, model, epoch, amount)
            group by u.w, u.contact, u.model, u.epoch order by u.w, u.contact, u.model, u.epoch
            on conflict (workspace_id, contact_id, model, epoch)
            do update set amount = scores.amount + excluded.amount
            """)
    }
}
