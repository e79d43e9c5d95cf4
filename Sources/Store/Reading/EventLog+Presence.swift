public import Model
public import Postgres

extension EventLog {
    /// How many of `keys`, from the first on, are in the log without a gap.
    public static func presentPrefix(of keys: [Key], in session: PostgresSession) throws -> Int {
        let rows = try session.query(
            """
            select l.workspace_id, l.subject_id, l.sent_time, l.event_id
            from unnest(
                \(keys.map(\.workspace)), \(keys.map(\.subject)), \(keys.map(\.sentTime)), \(keys.map(\.eventID))
            ) as u (workspace_id, subject_id, sent_time, event_id)
            join event_log l using (workspace_id, subject_id, sent_time, event_id)
            """)
        let present = Set(
            try rows.map { row in
                let (workspace, subject, sentTime, eventID) = try row.decode(
                    (WorkspaceID.self, UniqueID.self, Timestamp.self, String.self))
                return Key(workspace: workspace, subject: subject, sentTime: sentTime, eventID: eventID)
            })
        return keys.firstIndex { !present.contains($0) } ?? keys.count
    }
}

extension EventLog.Key {
    /// Names an event by what it is known by; for those who wait for it.
    public init(_ workspace: WorkspaceID, subject: UniqueID, sentTime: Timestamp, eventID: String) {
        self.init(workspace: workspace, subject: subject, sentTime: sentTime, eventID: eventID)
    }
}
