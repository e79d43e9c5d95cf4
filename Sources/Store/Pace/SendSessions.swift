public import Model
public import Postgres

/// Mails under way at once, as far as a limit counts them: each claim has so many, until it ends or its mailer's lease does.
public enum SendSessions {
    /// How many are taken; the caller has locked the quotas.
    public static func taken(
        _ keys: some Collection<SendQuotas.Key>, in session: PostgresSession
    ) throws -> [SendQuotas.Key: Int64] {
        guard !keys.isEmpty else { return [:] }
        let keys = Array(keys)
        let rows = try session.query(
            """
            select s.workspace_id, s.bucket, sum(s.sessions)::bigint from send_sessions s
            join unnest(\(keys.map(\.workspace)), \(keys.map(\.bucket))) as u (workspace_id, bucket)
                using (workspace_id, bucket)
            group by 1, 2
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let key = SendQuotas.Key(
                    workspace: try row[0, as: WorkspaceID.self], bucket: try row[1, as: String.self])
                return (key, try row[2, as: Int64.self])
            })
    }

    /// Takes sessions for a claim.
    public static func take(
        _ sessions: [SendQuotas.Key: Int64], for claim: UniqueID, in session: PostgresSession
    ) throws {
        let taken = sessions.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        guard !taken.isEmpty else { return }
        try session.execute(
            """
            insert into send_sessions (claim_id, workspace_id, bucket, sessions)
            select \(claim), * from unnest(
                \(taken.map(\.key.workspace)), \(taken.map(\.key.bucket)), \(taken.map(\.value)))
            """)
    }

    /// Gives back what a claim has of some limits.
    public static func give(
        back keys: some Collection<SendQuotas.Key>, of claim: UniqueID, in session: PostgresSession
    ) throws {
        guard !keys.isEmpty else { return }
        try session.execute(
            """
            delete from send_sessions s
            using unnest(\(keys.map(\.workspace)), \(keys.map(\.bucket))) as u (workspace_id, bucket)
            where s.claim_id = \(claim) and s.workspace_id = u.workspace_id and s.bucket = u.bucket
            """)
    }
}
