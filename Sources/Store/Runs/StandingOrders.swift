public import Model
public import Postgres

/// What people said of journeys, that whoever steps their runs must heed.
public struct StandingOrders: Sendable, Hashable {
    /// A version of a journey.
    public struct Version: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var journey: String
        public var version: Int32

        public init(workspace: WorkspaceID, journey: String, version: Int32) {
            self.workspace = workspace
            self.journey = journey
            self.version = version
        }
    }

    /// Journeys whose runs stand still.
    public private(set) var paused: Set<Pauses.Place> = []
    /// The revisions that versions take their e-mails from in place of their own.
    public private(set) var wordings: [Version: Int32] = [:]

    public init() {}

    /// Reads those of `workspaces`, after the contacts' locks: so whoever waits for the transactions that were open when an
    /// order was given waits for all that did not know of it.
    public init(of workspaces: some Collection<WorkspaceID>, in session: PostgresSession) throws {
        let rows = try session.query(
            """
            select workspace_id, journey, null::integer, null::integer from journeys
            where workspace_id = any(\(Array(workspaces))) and paused_at is not null
            union all
            select workspace_id, journey, version, content_revision from journey_versions
            where workspace_id = any(\(Array(workspaces))) and content_revision is not null
            """)
        for row in rows {
            let (workspace, journey, version, revision) = try row.decode(
                (WorkspaceID.self, String.self, Int32?.self, Int32?.self))
            if let version, let revision {
                wordings[Version(workspace: workspace, journey: journey, version: version)] = revision
            } else {
                paused.insert(Pauses.Place(workspace: workspace, journey: journey))
            }
        }
    }
}
