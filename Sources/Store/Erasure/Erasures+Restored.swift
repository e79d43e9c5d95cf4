public import Contracts
public import Model
public import Postgres

/// What a store that was restored to a time before erasures does not know of them.
extension Erasures {
    /// Puts up the tombstones of a record, so that from now on nothing of before comes in.
    ///
    /// - Throws: `StoreError.erasureKeyDiffers` where the store's people were erased with another key.
    public static func recall(_ record: ErasureRecord, by key: ErasureKey, in session: PostgresSession) throws {
        try Tombstones.put(record, by: key, in: session)
    }

    /// Looks through a bounded number of a workspace's subjects for those of before an erasure.
    ///
    /// Whoever came back after it has a row that was made after it, and stays.
    ///
    /// - Parameter place: the last one looked at.
    /// - Returns: of each that was found the contact that it is, with the latest instant at which it was erased; and where to
    ///   go on, nil at the end.
    public static func returned(
        of records: [ErasureRecord], in workspace: WorkspaceID, by key: ErasureKey, behind place: UniqueID?,
        limit: Int32 = 5000, session: PostgresSession
    ) throws -> (found: [ContactKey: Timestamp], next: UniqueID?) {
        var instants: [[UInt8]: Timestamp] = [:]
        for record in records where record.workspace == workspace {
            for hash in record.subjects { instants[hash] = max(instants[hash] ?? .distantPast, record.erasedAt) }
        }
        let start = place ?? UniqueID(high: 0, low: 0)
        let rows = try session.query(
            """
            select contact_id, coalesce(merged_into, contact_id), created_at from contacts
            where workspace_id = \(workspace) and contact_id > \(start) order by contact_id limit \(limit)
            """)
        var found: [ContactKey: Timestamp] = [:]
        for row in rows {
            let (subject, contact, createdAt) = try row.decode((UniqueID.self, UniqueID.self, Timestamp.self))
            let hash = key.hash(of: ContactKey(workspace: workspace, contact: subject))
            guard let instant = instants[hash], createdAt <= instant else { continue }
            let survivor = ContactKey(workspace: workspace, contact: contact)
            found[survivor] = max(found[survivor] ?? .distantPast, instant)
        }
        return (found, rows.count < Int(limit) ? nil : try rows.last?[0, as: UniqueID.self])
    }
}
