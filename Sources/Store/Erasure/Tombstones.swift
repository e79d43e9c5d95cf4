import Contracts
public import Model
public import Postgres

/// Who was erased and when, as keyed hashes: so that retries, replays and imports bring nothing back that was
/// before, while whoever returns afterwards comes as somebody new.
public enum Tombstones {
    /// Why mail does not go to an address whose owner was erased.
    public struct Order: Sendable, Hashable {
        /// The reason of the suppression that stood, or `erased`.
        public var reason: String
        public var erasedAt: Timestamp

        /// Whether a consent that is given afterwards lifts it.
        public var endsWithConsent: Bool { reason == Tombstones.erased }
    }

    public static let erased = "erased"

    /// Whether anybody was ever erased in this cell, and with this key.
    ///
    /// - Throws: `StoreError.erasureKeyMissing`, `StoreError.erasureKeyDiffers`: whoever was erased would come back.
    static func areKept(with key: ErasureKey?, in session: PostgresSession) throws -> Bool {
        guard let row = try session.query("select proof from erasure_key").first else { return false }
        guard let key else { throw StoreError.erasureKeyMissing }
        guard try row[0, as: [UInt8].self] == key.proof else { throw StoreError.erasureKeyDiffers }
        return true
    }

    /// Those of `subjects` that were erased, each with when.
    public static func of(
        _ subjects: some Collection<ContactKey>, by key: ErasureKey?, in session: PostgresSession
    ) throws -> [ContactKey: Timestamp] {
        guard !subjects.isEmpty, try areKept(with: key, in: session), let key else { return [:] }
        let hashes = Dictionary(subjects.map { (key.hash(of: $0), $0) }) { first, _ in first }
        let rows = try session.query(
            """
            select t.hash, t.erased_at
            from unnest(\(hashes.values.map(\.workspace)), \(Array(hashes.keys))) as u (workspace_id, hash)
            join tombstones t using (workspace_id, hash)
            """)
        var found: [ContactKey: Timestamp] = [:]
        for row in rows {
            if let subject = hashes[try row[0, as: [UInt8].self]] { found[subject] = try row[1, as: Timestamp.self] }
        }
        return found
    }

    /// The orders not to send to addresses, by address, lower-cased.
    public static func orders(
        for addresses: [(workspace: WorkspaceID, address: String)], by key: ErasureKey?, in session: PostgresSession
    ) throws -> [WorkspaceID: [String: Order]] {
        guard !addresses.isEmpty, try areKept(with: key, in: session), let key else { return [:] }
        let hashes = Dictionary(
            addresses.flatMap { entry in
                entry.address.addressSpellings.map { (key.hash(of: $0, in: entry.workspace), entry) }
            }, uniquingKeysWith: { first, _ in first })
        let rows = try session.query(
            """
            select t.hash, t.reason, t.erased_at
            from unnest(\(hashes.values.map(\.workspace)), \(Array(hashes.keys))) as u (workspace_id, hash)
            join tombstones t using (workspace_id, hash)
            """)
        var orders: [WorkspaceID: [String: Order]] = [:]
        for row in rows {
            let (hash, reason, erasedAt) = try row.decode(([UInt8].self, String?.self, Timestamp.self))
            guard let (workspace, address) = hashes[hash] else { continue }
            orders[workspace, default: [:]][address.comparedAddress] = Order(
                reason: reason ?? erased, erasedAt: erasedAt)
        }
        return orders
    }

    /// Puts up tombstones; one that stands already takes the later time, and keeps a reason that is stronger than erasure.
    static func put(_ record: ErasureRecord, by key: ErasureKey, in session: PostgresSession) throws {
        try session.execute(
            "insert into erasure_key (proof) values (\(key.proof)) on conflict do nothing")
        _ = try areKept(with: key, in: session)
        let hashes = record.subjects + record.addresses.map(\.hash)
        let kinds = record.subjects.map { _ in "subject" } + record.addresses.map { _ in "address" }
        let reasons: [String?] = record.subjects.map { _ in nil } + record.addresses.map(\.reason)
        try session.execute(
            """
            insert into tombstones (workspace_id, hash, kind, reason, erased_at)
            select \(record.workspace), u.hash, u.kind, u.reason, \(record.erasedAt)
            from unnest(\(hashes), \(kinds), \(reasons)) as u (hash, kind, reason) order by u.hash
            on conflict (workspace_id, hash) do update set erased_at = greatest(tombstones.erased_at, excluded.erased_at),
                reason = case when excluded.reason = \(erased) then tombstones.reason else excluded.reason end
            """)
    }
}
