public import Model
public import Postgres

/// The lock and the epoch under which a contact's messages are claimed and withdrawn.
public enum SendStates {
    /// Locks the rows of `contacts` in the order that all keep, making those that are missing. Of whoever
    /// was erased none is made.
    ///
    /// A statement of its own, before anything is read that it guards.
    ///
    /// - Returns: each contact's epoch.
    /// - Throws: `StoreError.mergedMeanwhile` when one of them was erased while its row was made: again, none is made.
    public static func lock(
        _ contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: Int32] {
        let sorted = Set(contacts).sorted()
        let made = try session.execute(
            """
            insert into send_state (workspace_id, contact_id)
            select workspace_id, contact_id
            from unnest(\(sorted.map(\.workspace)), \(sorted.map(\.contact))) as u (workspace_id, contact_id)
            join contacts c using (workspace_id, contact_id)
            on conflict do nothing
            """)
        if made > 0, try isAnyErased(of: sorted, in: session) { throw StoreError.mergedMeanwhile }
        return try lockKnown(sorted, in: session)
    }

    /// Whether there is a row of somebody who was erased while whoever made it waited.
    private static func isAnyErased(of contacts: [ContactKey], in session: PostgresSession) throws -> Bool {
        try session.query(
            """
            select exists (
                select from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
                join send_state s using (workspace_id, contact_id)
                left join contacts c using (workspace_id, contact_id)
                where c.contact_id is null)
            """)[0][0, as: Bool.self]
    }

    /// Locks the rows of `contacts` as ``lock(_:in:)`` does, but makes none: for those that were claimed for.
    public static func lockKnown(
        _ contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: Int32] {
        let sorted = Set(contacts).sorted()
        let rows = try session.query(
            """
            select s.workspace_id, s.contact_id, s.epoch from send_state s
            join unnest(\(sorted.map(\.workspace)), \(sorted.map(\.contact))) as u (workspace_id, contact_id)
                using (workspace_id, contact_id)
            order by s.workspace_id, s.contact_id
            for no key update of s
            """)
        var epochs: [ContactKey: Int32] = [:]
        for row in rows { epochs[try ContactKey(row: row)] = try row[2, as: Int32.self] }
        return epochs
    }

    /// Raises the epoch, so that claims made before cannot be handed; the caller holds the lock.
    public static func raiseEpoch(of contacts: [ContactKey], in session: PostgresSession) throws {
        try session.execute(
            """
            update send_state s set epoch = s.epoch + 1
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            where s.workspace_id = u.workspace_id and s.contact_id = u.contact_id
            """)
    }
}
