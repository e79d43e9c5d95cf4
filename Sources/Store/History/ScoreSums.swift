public import Model
public import Postgres
public import Scores

/// Scores as sums per model and epoch, and those that end per end as well; see `Scores` for the arithmetic.
public enum ScoreSums {
    /// What is added to one sum.
    public struct Row: Sendable, Hashable {
        public var contact: ContactKey
        public var model: String
        public var term: ScoreTerm

        public init(contact: ContactKey, model: String, term: ScoreTerm) {
            self.contact = contact
            self.model = model
            self.term = term
        }
    }

    /// The balances of contacts by model, those parts included whose end has come.
    public static func load(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [String: ScoreBalance]] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            with wanted as (
                select * from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact)))
                    as u (workspace_id, contact_id)
            )
            select workspace_id, contact_id, model, epoch, amount, null::timestamptz
            from wanted join scores s using (workspace_id, contact_id)
            union all
            select workspace_id, contact_id, model, epoch, amount, until
            from wanted join expiring_scores e using (workspace_id, contact_id)
            """)
        var balances: [ContactKey: [String: ScoreBalance]] = [:]
        for row in rows {
            let term = ScoreTerm(
                epoch: try row[3, as: Int64.self], amount: try row[4, as: Int64.self],
                until: try row[5, as: Timestamp?.self])
            balances[try ContactKey(row: row), default: [:]][try row[2, as: String.self], default: ScoreBalance()]
                .add(term)
        }
        return balances
    }

    /// Adds amounts to the sums, any number to one; addends commute, so the order of batches does not matter.
    ///
    /// - Parameter now: what has ended by then is left out.
    public static func add(_ rows: [Row], now: Timestamp, in session: PostgresSession) throws {
        try addLasting(rows.filter { $0.term.until == nil }, in: session)
        try addExpiring(rows.filter { $0.term.until.map { $0 > now } ?? false }, in: session)
    }

    private static func addLasting(_ rows: [Row], in session: PostgresSession) throws {
        guard !rows.isEmpty else { return }
        let rows = summed(rows)
        try session.execute(
            """
            insert into scores (workspace_id, contact_id, model, epoch, amount)
            select * from unnest(
                \(rows.map(\.contact.workspace)), \(rows.map(\.contact.contact)), \(rows.map(\.model)),
                \(rows.map(\.term.epoch)), \(rows.map(\.term.amount)))
            on conflict (workspace_id, contact_id, model, epoch)
            do update set amount = scores.amount + excluded.amount
            """)
    }

    /// One row for each sum, in the order of contacts.
    private static func summed(_ rows: [Row]) -> [Row] {
        var sums: [Row] = []
        sums.reserveCapacity(rows.count)
        for row in rows.sorted(by: { $0.comesBefore($1) }) {
            if let last = sums.last, !last.comesBefore(row) {
                sums[sums.count - 1].term.amount = ScoreArithmetic.sum(last.term.amount, row.term.amount)
            } else {
                sums.append(row)
            }
        }
        return sums
    }

    private static func addExpiring(_ rows: [Row], in session: PostgresSession) throws {
        guard !rows.isEmpty else { return }
        try session.execute(
            """
            insert into expiring_scores (workspace_id, contact_id, model, until, epoch, amount)
            select u.w, u.contact, u.model, u.until, u.epoch, sum(u.amount)::bigint
            from unnest(
                \(rows.map(\.contact.workspace)), \(rows.map(\.contact.contact)), \(rows.map(\.model)),
                \(rows.map(\.term.until)), \(rows.map(\.term.epoch)), \(rows.map(\.term.amount)))
                as u (w, contact, model, until, epoch, amount)
            group by u.w, u.contact, u.model, u.until, u.epoch
            order by u.w, u.contact, u.model, u.until, u.epoch
            on conflict (workspace_id, contact_id, model, until, epoch)
            do update set amount = expiring_scores.amount + excluded.amount
            """)
    }

    static func moveExpiring(
        from merged: ContactKey, to survivor: ContactKey, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            with moved as (
                delete from expiring_scores
                where workspace_id = \(merged.workspace) and contact_id = \(merged.contact)
                returning model, until, epoch, amount
            )
            insert into expiring_scores (workspace_id, contact_id, model, until, epoch, amount)
            select \(survivor.workspace), \(survivor.contact), model, until, epoch, amount from moved
            on conflict (workspace_id, contact_id, model, until, epoch)
            do update set amount = expiring_scores.amount + excluded.amount
            """)
    }

    /// Removes all that is booked of models, which are then booked afresh; the caller holds the contacts' locks.
    public static func clear(_ models: [(contact: ContactKey, model: String)], in session: PostgresSession) throws {
        guard !models.isEmpty else { return }
        for table in ["scores", "expiring_scores", "score_counts"] {
            try session.execute(
                """
                delete from \(identifier: table) t
                using unnest(
                    \(models.map(\.contact.workspace)), \(models.map(\.contact.contact)), \(models.map(\.model))
                ) as u (w, contact, model)
                where t.workspace_id = u.w and t.contact_id = u.contact and t.model = u.model
                """)
        }
    }

    /// Removes points that ended before `instant`, at most `limit` rows.
    ///
    /// - Returns: how many there were.
    public static func forgetExpired(before instant: Timestamp, limit: Int32, in session: PostgresSession) throws -> Int
    {
        try session.query(
            """
            delete from expiring_scores where ctid = any(array(
                select ctid from expiring_scores where until < \(instant) limit \(limit) for update skip locked))
            returning 1
            """
        ).count
    }
}

extension ScoreSums.Row {
    /// Whether the lasting sum that this adds to stands before another's.
    fileprivate func comesBefore(_ other: Self) -> Bool {
        if contact != other.contact { return contact < other.contact }
        if model != other.model { return model < other.model }
        return term.epoch < other.term.epoch
    }
}
