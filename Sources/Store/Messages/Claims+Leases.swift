public import Model
public import Postgres

extension Claims {
    /// Ends a claim, unless one of its messages is not settled: then it is left to expire.
    public static func close(_ claim: UniqueID, in session: PostgresSession) throws {
        try session.execute(
            """
            delete from claims
            where claim_id = \(claim) and not exists (select from open_messages where claim_id = \(claim))
            """)
    }

    /// Prolongs a claim of a mailer that is alive.
    ///
    /// - Returns: false where it had expired and was released: its messages are no longer this mailer's.
    public static func renew(_ claim: UniqueID, until expiresAt: Timestamp, in session: PostgresSession) throws -> Bool
    {
        try session.execute("update claims set expires_at = \(expiresAt) where claim_id = \(claim)") == 1
    }

    /// Releases claims that expired before `machineNow`: their claimed messages are planned again, their handed ones become
    /// unknown.
    ///
    /// - Returns: the messages that became unknown.
    public static func releaseExpired(
        before machineNow: Timestamp, now: Timestamp, in session: PostgresSession
    ) throws -> [Message] {
        let expired = try session.query(
            """
            select claim_id from claims where expires_at < \(machineNow) order by claim_id for update skip locked
            """
        ).map { try $0[0, as: UniqueID.self] }
        guard !expired.isEmpty else { return [] }
        // In the order that all writers of several messages keep.
        try session.execute(
            """
            select from open_messages o join messages m using (workspace_id, contact_id, message_id)
            where o.claim_id = any(\(expired))
            order by m.workspace_id, m.contact_id, m.message_id
            for no key update of m
            """)
        let rows = try session.query(
            """
            update messages m
            set state = case m.state when 'claimed' then 'planned' else 'unknown' end, claim_id = null,
                look_at = case m.state when 'claimed' then \(machineNow) end,
                attempt = m.attempt + 1, final_at = case m.state when 'claimed' then null else \(now) end
            from open_messages o
            where o.claim_id = any(\(expired)) and m.workspace_id = o.workspace_id and m.contact_id = o.contact_id
                and m.message_id = o.message_id and m.state in ('claimed', 'handed') and m.claim_id = o.claim_id
            returning \(unescaped: columns), m.state
            """)
        try session.execute("delete from claims where claim_id = any(\(expired))")
        return try rows.filter { try $0[11, as: String.self] == "unknown" }.map(Message.init)
    }
}
