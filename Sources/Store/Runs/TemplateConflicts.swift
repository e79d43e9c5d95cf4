public import Model
public import Postgres

extension Messages {
    /// The first of `messages` whose id stands for a message from another template: a step that plans one thing now and
    /// another later has lost its identity.
    public static func conflict(among messages: [Message], in session: PostgresSession) throws -> UniqueID? {
        try session.query(
            """
            select m.message_id
            from unnest(
                \(messages.map(\.contact.workspace)), \(messages.map(\.contact.contact)), \(messages.map(\.id)),
                \(messages.map(\.template))) as u (workspace_id, contact_id, message_id, template)
            join messages m using (workspace_id, contact_id, message_id)
            where m.template <> u.template limit 1
            """
        ).first.map { try $0[0, as: UniqueID.self] }
    }
}
