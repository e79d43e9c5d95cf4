import Model
import Postgres

/// Members of a segment made by SQL, each with an address of their own, who take offers.
struct Readers: Sendable {
    let workspace: WorkspaceID
    /// In order.
    let contacts: [UniqueID]

    private let segment: String
    private let address: @Sendable (Int, UniqueID) -> String

    private static let step = 100_000

    /// - Parameter address: of the contact of a number.
    init(
        _ workspace: WorkspaceID, of size: Int, in segment: String = "readers",
        at address: @escaping @Sendable (Int, UniqueID) -> String = { "\($1)@shop.example" }
    ) {
        (self.workspace, self.segment, self.address) = (workspace, segment, address)
        contacts = (0..<size).map { _ in UniqueID.random() }.sorted()
    }

    /// - Parameter revision: the definitions that they were evaluated under.
    func settle(revision: Int32, _ pool: PostgresPool) async throws {
        for start in stride(from: 0, to: contacts.count, by: Self.step) {
            let numbers = start..<min(start + Self.step, contacts.count)
            let part = Array(contacts[numbers])
            let addresses = numbers.map { address($0, contacts[$0]) }
            try await pool.withTransaction { session in
                try session.execute(
                    """
                    insert into contacts (workspace_id, contact_id, attributes, stage, evaluated_revision, created_at)
                    select \(workspace), contact_id, jsonb_build_object(
                        'email', address, 'first_name', 'Anne'), 'see', \(revision), clock_time()
                    from unnest(\(part), \(addresses)) as u (contact_id, address)
                    """)
                try session.execute(
                    """
                    insert into consents (
                        workspace_id, contact_id, topic, channel, address, at, event_id, state, source, recorded_at)
                    select \(workspace), contact_id, 'offers', 'email', address, clock_time(), '', 'given', 'bench',
                        clock_time()
                    from unnest(\(part), \(addresses)) as u (contact_id, address)
                    """)
                try session.execute(
                    """
                    insert into segment_members (workspace_id, contact_id, segment, ordinal, entered_at, cause)
                    select \(workspace), contact_id, \(segment), 1, clock_time(), 'event'
                    from unnest(\(part)) as u (contact_id)
                    """)
            }
        }
        _ = try await pool.withConnection { try $0.execute("vacuum (analyze) contacts, consents, segment_members") }
    }
}
