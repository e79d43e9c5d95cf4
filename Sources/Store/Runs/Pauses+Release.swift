public import Model
public import Postgres

extension Pauses {
    /// When what was held goes on: from an instant on, spread over a length of time, each run and message at a place of its
    /// own that is the same however often it is asked for.
    public struct Spread: Sendable, Hashable {
        public var start: Timestamp
        public var length: Span

        public init(start: Timestamp, length: Span) {
            self.start = start
            self.length = length
        }

        func instant(of id: UniqueID) -> Timestamp {
            let hash = UniqueID.derived("loods.release", id.description).high
            let offset = hash.multipliedFullWidth(by: UInt64(max(0, length.microseconds)) &+ 1).high
            return start + Span(microseconds: Int64(offset))
        }
    }

    /// Lets held runs of a journey be looked at again: those of up to `limit` contacts behind `after`.
    ///
    /// - Returns: how many, and the last contact; nil where there are no more.
    public static func release(
        _ journey: String, in workspace: WorkspaceID, after: UniqueID?, limit: Int32, spread: Spread,
        session: PostgresSession
    ) throws -> (runs: Int64, last: UniqueID)? {
        let start = after ?? UniqueID(high: 0, low: 0)
        let contacts = try session.query(
            """
            select distinct contact_id from runs
            where workspace_id = \(workspace) and journey = \(journey) and held_at is not null
                and ended_at is null and contact_id > \(start)
            order by contact_id limit \(limit)
            """
        ).map { ContactKey(workspace: workspace, contact: try $0[0, as: UniqueID.self]) }
        guard let last = contacts.last else { return nil }
        let locked = try Contacts.lockUnmerged(Set(contacts), in: session).keys
        let runs = try session.query(
            """
            select contact_id, run_id, version + 1 from runs
            where workspace_id = \(workspace) and contact_id = any(\(locked.map(\.contact)))
                and journey = \(journey) and held_at is not null and ended_at is null
            """
        ).map { row in
            let (contact, run, version) = try row.decode((UniqueID.self, UniqueID.self, Int32.self))
            return Timers.Wake(
                contact: ContactKey(workspace: workspace, contact: contact), run: run, version: version,
                dueAt: spread.instant(of: run))
        }
        try session.execute(
            """
            update runs r set held_at = null, version = u.version, wake_at = u.due_at
            from unnest(\(runs.map(\.contact.contact)), \(runs.map(\.run)), \(runs.map(\.version)), \(runs.map(\.dueAt)))
                as u (contact_id, run_id, version, due_at)
            where r.workspace_id = \(workspace) and r.contact_id = u.contact_id and r.run_id = u.run_id
            """)
        try Timers.arm(runs, in: session)
        return (Int64(runs.count), last.contact)
    }

    /// What becomes of messages that were held.
    public enum Lateness: String, Sendable, CaseIterable {
        /// They go to the send gate, in their time.
        case send
        /// They are not sent any more, and their runs go on without them.
        case skip
    }

    /// Lets those of `messages` that a pause holds go on.
    ///
    /// - Returns: how many.
    public static func release(
        _ messages: some Collection<MessageKey>, _ lateness: Lateness, spread: Spread, in workspace: WorkspaceID,
        session: PostgresSession
    ) throws -> Int64 {
        let isSkipped = lateness == .skip
        let rows = try session.query(
            """
            with held as (
                select contact_id, message_id, u.due_at
                from unnest(
                    \(messages.map(\.contact)), \(messages.map(\.message)),
                    \(messages.map { spread.instant(of: $0.message) })
                ) as u (contact_id, message_id, due_at)
                join messages m using (contact_id, message_id)
                where m.workspace_id = \(workspace) and m.state = 'planned' and m.due_at = \(never)
                order by contact_id, message_id for no key update of m
            )
            update messages m set
                state = case when \(isSkipped) then 'expired' else m.state end,
                final_at = case when \(isSkipped) then \(spread.start) else m.final_at end,
                due_at = case when \(isSkipped) then null else h.due_at end
            from held h
            where m.workspace_id = \(workspace) and m.contact_id = h.contact_id and m.message_id = h.message_id
            returning m.contact_id, m.run_id
            """)
        if isSkipped {
            let runs = try rows.map { row in
                let (contact, run) = try row.decode((UniqueID.self, UniqueID.self))
                return (contact: ContactKey(workspace: workspace, contact: contact), run: run)
            }
            try Timers.ring(runs, at: spread.start, in: session)
        }
        return Int64(rows.count)
    }
}
