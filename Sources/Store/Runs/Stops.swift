public import Model
public import Postgres

/// Ending the runs of a journey by somebody's word.
public enum Stops {
    /// As runs and decisions tell it.
    public static let outcome = "stopped"
    /// As messages tell it that were withdrawn with their runs.
    public static let messageNote = "its run was stopped"

    /// Takes a journey out of service: it takes no entries until an apply makes it live again, and is paused until its runs
    /// have ended.
    public static func close(
        _ journey: String, at now: Timestamp, in workspace: WorkspaceID, session: PostgresSession
    ) throws {
        try session.execute(
            """
            update journeys set live_version = null, paused_at = coalesce(paused_at, \(now))
            where workspace_id = \(workspace) and journey = \(journey)
            """)
    }

    /// How many runs of a journey have not ended.
    public static func openRuns(
        of journey: String, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int64 {
        try session.query(
            """
            select count(*) from runs
            where workspace_id = \(workspace) and journey = \(journey) and ended_at is null
            """)[0][0, as: Int64.self]
    }

    public struct Part: Sendable, Hashable {
        public var runs: Int64
        public var messages: Int64
        public var last: UniqueID
    }

    /// Ends the runs of up to `limit` contacts behind `after`, each with a decision that says why; what they have planned and
    /// no mailer has in hand is withdrawn.
    ///
    /// - Parameter decision: the id of the decision of a run.
    /// - Returns: nil where there are no more.
    public static func end(
        _ journey: String, in workspace: WorkspaceID, after: UniqueID?, limit: Int32, saw: JSON, now: Timestamp,
        decision: (UniqueID) -> UniqueID, session: PostgresSession
    ) throws -> Part? {
        let start = after ?? UniqueID(high: 0, low: 0)
        let contacts = try session.query(
            """
            select distinct contact_id from runs
            where workspace_id = \(workspace) and journey = \(journey) and ended_at is null and contact_id > \(start)
            order by contact_id limit \(limit)
            """
        ).map { ContactKey(workspace: workspace, contact: try $0[0, as: UniqueID.self]) }
        guard let last = contacts.last else { return nil }
        let locked = try Contacts.lockUnmerged(Set(contacts), in: session).keys.map(\.contact)
        let ended = try session.query(
            """
            update runs set ended_at = \(now), outcome = \(outcome), version = version + 1, wake_at = null,
                held_at = null
            where workspace_id = \(workspace) and contact_id = any(\(locked)) and journey = \(journey)
                and ended_at is null
            returning contact_id, run_id
            """
        ).map { try $0.decode((UniqueID.self, UniqueID.self)) }
        let (owners, runs) = (ended.map(\.0), ended.map(\.1))
        try session.execute(
            """
            delete from timers t using unnest(\(owners), \(runs)) as u (contact_id, run_id)
            where t.workspace_id = \(workspace) and t.contact_id = u.contact_id and t.run_id = u.run_id
            """)
        let messages = try session.execute(
            """
            update messages m
            set state = 'withdrawn', final_at = \(now), due_at = null, look_at = null, reply = \(messageNote)
            from unnest(\(owners), \(runs)) as u (contact_id, run_id)
            where m.workspace_id = \(workspace) and m.contact_id = u.contact_id and m.run_id = u.run_id
                and m.state = 'planned'
            """)
        try Decisions.append(
            ended.map { contact, run in
                Decisions.Decision(
                    contact: ContactKey(workspace: workspace, contact: contact), id: decision(run), at: now,
                    kind: "end", journey: journey, run: run, step: "stop", choice: outcome, saw: saw)
            }, in: session)
        return Part(runs: Int64(ended.count), messages: Int64(messages), last: last.contact)
    }

    // MARK: Messages that come back

    /// How many messages of a journey mailers have in hand: once it is closed these become no more.
    public static func inHand(
        of journey: String, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int64 {
        try session.query(
            """
            select count(*) from messages
            where workspace_id = \(workspace) and journey = \(journey) and state in ('claimed', 'handed')
            """)[0][0, as: Int64.self]
    }

    /// Withdraws those of `messages` that are planned still.
    ///
    /// - Returns: how many.
    public static func withdraw(
        _ messages: some Collection<Pauses.MessageKey>, now: Timestamp, in workspace: WorkspaceID,
        session: PostgresSession
    ) throws -> Int64 {
        Int64(
            try session.execute(
                """
                with planned as (
                    select contact_id, message_id
                    from unnest(\(messages.map(\.contact)), \(messages.map(\.message))) as u (contact_id, message_id)
                    join messages m using (contact_id, message_id)
                    where m.workspace_id = \(workspace) and m.state = 'planned'
                    order by contact_id, message_id for no key update of m
                )
                update messages m
                set state = 'withdrawn', final_at = \(now), due_at = null, look_at = null, reply = \(messageNote)
                from planned p
                where m.workspace_id = \(workspace) and m.contact_id = p.contact_id and m.message_id = p.message_id
                """))
    }
}
