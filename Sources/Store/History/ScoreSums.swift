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

    /// What was loaded of contacts, and where it lies: so that what is added to it need not be looked for again.
    public struct Loaded: Sendable {
        /// By model, those parts included whose end has come.
        public fileprivate(set) var balances: [ContactKey: [String: ScoreBalance]] = [:]
        fileprivate var places: [SumKey: RowPlace] = [:]

        public init() {}
    }

    /// Names one lasting sum.
    fileprivate struct SumKey: Hashable {
        var contact: ContactKey
        var model: String
        var epoch: Int64
    }

    /// The balances of contacts by model, those parts included whose end has come.
    public static func load(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [String: ScoreBalance]] {
        try loadToAdd(to: contacts, in: session).balances
    }

    /// The same, to be added to in this transaction; the caller holds the contacts' locks.
    ///
    /// - Parameter ending: whether there may be points with an end.
    public static func loadToAdd(
        to contacts: some Collection<ContactKey>, ending: Bool = true, in session: PostgresSession
    ) throws -> Loaded {
        guard !contacts.isEmpty else { return Loaded() }
        let rows = try session.query(
            """
            with wanted as (
                select * from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact)))
                    as u (workspace_id, contact_id)
            )
            select workspace_id, contact_id, model, epoch, amount, null::timestamptz, s.ctid
            from wanted join scores s using (workspace_id, contact_id)
            union all
            select workspace_id, contact_id, model, epoch, amount, until, null::tid
            from wanted join expiring_scores e using (workspace_id, contact_id)
            where \(ending)
            """)
        var loaded = Loaded()
        for row in rows {
            let (contact, model) = (try ContactKey(row: row), try row[2, as: String.self])
            let term = ScoreTerm(
                epoch: try row[3, as: Int64.self], amount: try row[4, as: Int64.self],
                until: try row[5, as: Timestamp?.self])
            loaded.balances[contact, default: [:]][model, default: ScoreBalance()].add(term)
            guard let place = try row[6, as: RowPlace?.self] else { continue }
            loaded.places[SumKey(contact: contact, model: model, epoch: term.epoch)] = place
        }
        return loaded
    }

    /// Adds amounts to the sums, any number to one; addends commute, so the order of batches does not matter.
    ///
    /// - Parameters:
    ///   - loaded: what was loaded under the contacts' locks in this transaction, and has not been cleared since.
    ///   - now: what has ended by then is left out.
    /// - Throws: `StoreError.mergedMeanwhile` where somebody without the lock has changed what was loaded.
    public static func add(
        _ rows: [Row], to loaded: Loaded = Loaded(), now: Timestamp, in session: PostgresSession
    ) throws {
        let lasting = summed(rows.filter { $0.term.until == nil })
        var (known, unknown): ([(place: RowPlace, amount: Int64)], [Row]) = ([], [])
        for row in lasting {
            let key = SumKey(contact: row.contact, model: row.model, epoch: row.term.epoch)
            if let place = loaded.places[key] { known.append((place, row.term.amount)) } else { unknown.append(row) }
        }
        try change(known, in: session)
        try addLasting(unknown, in: session)
        try addExpiring(rows.filter { $0.term.until.map { $0 > now } ?? false }, in: session)
    }

    /// Adds to sums where they lie: without looking for them this costs a third.
    private static func change(
        _ sums: [(place: RowPlace, amount: Int64)], in session: PostgresSession
    ) throws {
        guard !sums.isEmpty else { return }
        let changed = try session.execute(
            """
            update scores s set amount = s.amount + u.amount
            from unnest(\(sums.map(\.place)), \(sums.map(\.amount))) as u (place, amount)
            where s.ctid = u.place
            """)
        guard changed == sums.count else { throw StoreError.mergedMeanwhile }
    }

    /// - Parameter rows: one for each sum, in the order of contacts.
    private static func addLasting(_ rows: [Row], in session: PostgresSession) throws {
        guard !rows.isEmpty else { return }
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
