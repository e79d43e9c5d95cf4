public import Model
public import Postgres

extension Definitions {
    /// How many workspaces have postcards in their live definitions.
    public static func countWithPostcards(in session: PostgresSession) throws -> Int64 {
        try session.query(
            """
            select count(*) from workspaces w
            join definitions d on d.workspace_id = w.workspace_id and d.revision = w.revision
            where exists (select from jsonb_object_keys(d.files) as f (path) where path like 'postcards/%')
            """)[0][0, as: Int64.self]
    }

    /// The highest version that each journey ever had, whether or not it takes entries now.
    public static func latestVersions(
        of workspace: WorkspaceID, in session: PostgresSession
    ) throws -> [String: JourneyVersion] {
        let rows = try session.query(
            """
            select distinct on (journey) journey, version, revision, digest from journey_versions
            where workspace_id = \(workspace) order by journey, version desc
            """)
        return try rows.reduce(into: [:]) { versions, row in
            let (journey, version, revision, digest) = try row.decode(
                (String.self, Int32.self, Int32.self, String.self))
            versions[journey] = JourneyVersion(
                journey: journey, version: version, revision: revision, digest: digest)
        }
    }
}
