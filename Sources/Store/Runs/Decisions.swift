public import Model
public import Postgres

/// Recorded choices with what they saw: entries, branches taken, ends.
public enum Decisions {
    public struct Decision: Sendable, Hashable {
        public var contact: ContactKey
        /// Derived from what is decided, so that a decision taken twice stands once.
        public var id: UniqueID
        public var at: Timestamp
        /// `entry`, `branch`, `end`.
        public var kind: String
        public var journey: String?
        public var run: UniqueID?
        public var step: String?
        public var choice: String
        public var saw: JSON?

        public init(
            contact: ContactKey, id: UniqueID, at: Timestamp, kind: String, journey: String? = nil,
            run: UniqueID? = nil, step: String? = nil, choice: String, saw: JSON? = nil
        ) {
            self.contact = contact
            self.id = id
            self.at = at
            self.kind = kind
            self.journey = journey
            self.run = run
            self.step = step
            self.choice = choice
            self.saw = saw
        }
    }

    /// Those of `ids` that stand already.
    public static func standing(
        among ids: [(contact: ContactKey, id: UniqueID)], in session: PostgresSession
    ) throws -> Set<UniqueID> {
        guard !ids.isEmpty else { return [] }
        return Set(
            try session.query(
                """
                select d.decision_id
                from unnest(\(ids.map(\.contact.workspace)), \(ids.map(\.contact.contact)), \(ids.map(\.id)))
                    as u (workspace_id, contact_id, decision_id)
                join decisions d using (workspace_id, contact_id, decision_id)
                """
            ).map { try $0[0, as: UniqueID.self] })
    }

    public static func append(_ decisions: [Decision], in session: PostgresSession) throws {
        guard !decisions.isEmpty else { return }
        try session.execute(
            """
            insert into decisions (
                workspace_id, contact_id, decision_id, at, kind, journey, run_id, step, choice, saw)
            select * from unnest(
                \(decisions.map(\.contact.workspace)), \(decisions.map(\.contact.contact)), \(decisions.map(\.id)),
                \(decisions.map(\.at)), \(decisions.map(\.kind)), \(decisions.map(\.journey)),
                \(decisions.map(\.run)), \(decisions.map(\.step)), \(decisions.map(\.choice)),
                \(decisions.map(\.saw)))
            on conflict do nothing
            """)
    }
}
