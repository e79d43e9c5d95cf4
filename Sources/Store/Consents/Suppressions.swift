public import Model
public import Postgres

/// Addresses that get no mail, whatever the consents say.
public enum Suppressions {
    /// The reasons by address, lower-cased, of those among `addresses` that are suppressed.
    public static func reasons(
        of addresses: [(workspace: WorkspaceID, address: String)], in session: PostgresSession
    ) throws -> [WorkspaceID: [String: String]] {
        guard !addresses.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select s.workspace_id, s.address, s.reason
            from unnest(\(addresses.map(\.workspace)), \(addresses.map { $0.address.lowercased() }))
                as u (workspace_id, address)
            join suppressions s using (workspace_id, address)
            """)
        var reasons: [WorkspaceID: [String: String]] = [:]
        for row in rows {
            let (workspace, address, reason) = try row.decode((WorkspaceID.self, String.self, String.self))
            reasons[workspace, default: [:]][address] = reason
        }
        return reasons
    }
}
