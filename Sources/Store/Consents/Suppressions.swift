public import Model
public import Postgres

/// Addresses that get no mail, whatever the consents say.
public enum Suppressions {
    /// The reasons that there are; what each stops is the send gate's.
    public static let reasons = ["all", invalid, complaint, "marketing"]
    /// Mail to the address comes back for good.
    public static let invalid = "invalid-address"
    /// Somebody has called mail to the address spam.
    public static let complaint = "complaint"

    /// Suppresses addresses of the bound workspace; one that stands already stays as it is. What was claimed for them before
    /// cannot be handed over any more.
    ///
    /// - Returns: how many there were not.
    public static func add(
        _ rows: [Exports.Suppression], in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int {
        guard !rows.isEmpty else { return 0 }
        let found = try session.query(
            """
            select suppress_addresses(
                \(workspace), \(rows.map { $0.address.comparedAddress }), \(rows.map(\.reason)), \(rows.map(\.at)))
            """)
        return Int(try found[0][0, as: Int64.self])
    }

    /// The reasons by address, as addresses are compared, of those among `addresses` that are suppressed.
    public static func reasons(
        of addresses: [(workspace: WorkspaceID, address: String)], in session: PostgresSession
    ) throws -> [WorkspaceID: [String: String]] {
        guard !addresses.isEmpty else { return [:] }
        let spellings = addresses.flatMap { entry in
            entry.address.addressSpellings.map { (workspace: entry.workspace, address: $0) }
        }
        let rows = try session.query(
            """
            select s.workspace_id, s.address, s.reason
            from unnest(\(spellings.map(\.workspace)), \(spellings.map(\.address))) as u (workspace_id, address)
            join suppressions s using (workspace_id, address)
            """)
        var reasons: [WorkspaceID: [String: String]] = [:]
        for row in rows {
            let (workspace, address, reason) = try row.decode((WorkspaceID.self, String.self, String.self))
            let standing = reasons[workspace]?[address.comparedAddress]
            reasons[workspace, default: [:]][address.comparedAddress] = standing.map { stronger($0, reason) } ?? reason
        }
        return reasons
    }

    private static func stronger(_ one: String, _ other: String) -> String {
        reasons.first { $0 == one || $0 == other } ?? one
    }
}
