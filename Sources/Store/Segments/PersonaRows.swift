public import Model
public import Postgres

/// The personas of contacts that have another than the default.
public enum PersonaRows {
    public typealias Row = PersonaHeld

    /// Those of `contacts` that have another persona than the default.
    public static func load(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: Row] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select p.workspace_id, p.contact_id, p.persona, p.since
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join personas p using (workspace_id, contact_id)
            """)
        var personas: [ContactKey: Row] = [:]
        for row in rows {
            let contact = try ContactKey(row: row)
            personas[contact] = Row(
                contact: contact, persona: try row[2, as: String.self], since: try row[3, as: Timestamp.self])
        }
        return personas
    }

    /// Writes personas that have changed; the caller holds the contacts' locks.
    public static func save(_ rows: [Row], in session: PostgresSession) throws {
        let gone = rows.filter { $0.persona == nil }.map(\.contact)
        if !gone.isEmpty {
            try session.execute(
                """
                delete from personas p
                using unnest(\(gone.map(\.workspace)), \(gone.map(\.contact))) as u (w, contact)
                where p.workspace_id = u.w and p.contact_id = u.contact
                """)
        }
        let held = rows.filter { $0.persona != nil }
        guard !held.isEmpty else { return }
        try session.execute(
            """
            insert into personas (workspace_id, contact_id, persona, since)
            select * from unnest(
                \(held.map(\.contact.workspace)), \(held.map(\.contact.contact)), \(held.map { $0.persona ?? "" }),
                \(held.map(\.since)))
            on conflict (workspace_id, contact_id) do update set persona = excluded.persona, since = excluded.since
            """)
    }

    /// The survivor's stays, whatever the other one was.
    static func move(_ w: WorkspaceID, from: UniqueID, to: UniqueID, in session: PostgresSession) throws {
        try session.execute(
            """
            with moved as (delete from personas where workspace_id = \(w) and contact_id = \(from) returning *)
            insert into personas (workspace_id, contact_id, persona, since)
            select workspace_id, \(to), persona, since from moved on conflict do nothing
            """)
    }
}
