public import Model
public import Postgres

/// The applied definitions: a workspace's files by revision, and the versions of its journeys.
public enum Definitions {
    /// A journey as it stands after an apply.
    public struct JourneyVersion: Sendable, Hashable {
        public var journey: String
        public var version: Int32
        /// The revision whose files hold this version and its templates.
        public var revision: Int32
        public var digest: String

        public init(journey: String, version: Int32, revision: Int32, digest: String) {
            self.journey = journey
            self.version = version
            self.revision = revision
            self.digest = digest
        }
    }

    /// The files of one revision, path to text.
    public static func files(
        of workspace: WorkspaceID, revision: Int32, in session: PostgresSession
    ) throws -> [String: String] {
        let rows = try session.query(
            "select files from definitions where workspace_id = \(workspace) and revision = \(revision)")
        guard let row = rows.first else { throw StoreError.missingRevision(revision) }
        let files = try row[0, as: JSON.self].object ?? [:]
        return files.compactMapValues(\.string)
    }

    /// Stores `files` as the next revision and makes it live; the caller holds the workspace's lock.
    ///
    /// - Parameter reason: why, as the author says.
    /// - Returns: the new revision.
    public static func store(
        files: [String: String], for entry: WorkspaceRegister.Entry, by author: String, reason: String? = nil,
        now: Timestamp, in session: PostgresSession
    ) throws -> Int32 {
        let revision = entry.revision + 1
        let json = JSON.object(files.mapValues { .string($0) })
        try session.execute(
            """
            insert into definitions (workspace_id, revision, files, applied_at, applied_by, reason)
            values (\(entry.id), \(revision), \(json), \(now), \(author), \(reason))
            """)
        try session.execute("update workspaces set revision = \(revision) where workspace_id = \(entry.id)")
        return revision
    }

    /// The versions that take entries now.
    public static func liveJourneys(
        of workspace: WorkspaceID, in session: PostgresSession
    ) throws -> [JourneyVersion] {
        try liveJourneys(of: [workspace], in: session)[workspace] ?? []
    }

    /// The versions that take entries now, by workspace and in order of their names.
    public static func liveJourneys(
        of workspaces: some Collection<WorkspaceID>, in session: PostgresSession
    ) throws -> [WorkspaceID: [JourneyVersion]] {
        let rows = try session.query(
            """
            select v.journey, v.version, v.revision, v.digest, v.workspace_id
            from journeys j join journey_versions v
                on v.workspace_id = j.workspace_id and v.journey = j.journey and v.version = j.live_version
            where j.workspace_id = any(\(Array(workspaces))) order by v.journey
            """)
        var live: [WorkspaceID: [JourneyVersion]] = [:]
        for row in rows { live[try row[4, as: WorkspaceID.self], default: []].append(try journeyVersion(row)) }
        return live
    }

    /// Every version that journeys ever had.
    public static func versions(of workspace: WorkspaceID, in session: PostgresSession) throws -> [JourneyVersion] {
        try session.query(
            "select journey, version, revision, digest from journey_versions where workspace_id = \(workspace)"
        ).map(journeyVersion)
    }

    /// The revision that holds a version.
    public static func revision(
        of journey: String, version: Int32, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int32? {
        try session.query(
            """
            select revision from journey_versions
            where workspace_id = \(workspace) and journey = \(journey) and version = \(version)
            """
        ).first.map { try $0[0, as: Int32.self] }
    }

    /// Makes `live` the versions that take entries; journeys that are not among them take no more.
    public static func publish(
        _ live: [JourneyVersion], in workspace: WorkspaceID, now: Timestamp, session: PostgresSession
    ) throws {
        try session.execute(
            """
            insert into journey_versions (workspace_id, journey, version, revision, digest, applied_at)
            select \(workspace), u.journey, u.version, u.revision, u.digest, \(now)
            from unnest(\(live.map(\.journey)), \(live.map(\.version)), \(live.map(\.revision)), \(live.map(\.digest)))
                as u (journey, version, revision, digest)
            on conflict do nothing
            """)
        // The e-mails of what is live are those of its own revision.
        try session.execute(
            """
            update journey_versions v set content_revision = null
            from unnest(\(live.map(\.journey)), \(live.map(\.version))) as u (journey, version)
            where v.workspace_id = \(workspace) and v.journey = u.journey and v.version = u.version
                and v.content_revision is not null
            """)
        try session.execute(
            """
            update journeys set live_version = null
            where workspace_id = \(workspace) and journey <> all(\(live.map(\.journey)))
            """)
        try session.execute(
            """
            insert into journeys (workspace_id, journey, live_version)
            select \(workspace), u.journey, u.version
            from unnest(\(live.map(\.journey)), \(live.map(\.version))) as u (journey, version)
            on conflict (workspace_id, journey) do update set live_version = excluded.live_version
            """)
    }

    /// The highest version a journey ever had; 0 for none.
    public static func lastVersions(
        of workspace: WorkspaceID, in session: PostgresSession
    ) throws -> [String: Int32] {
        let rows = try session.query(
            "select journey, max(version) from journey_versions where workspace_id = \(workspace) group by journey")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((String.self, Int32.self)) })
    }

    private static func journeyVersion(_ row: PostgresRow) throws -> JourneyVersion {
        JourneyVersion(
            journey: try row[0, as: String.self], version: try row[1, as: Int32.self],
            revision: try row[2, as: Int32.self], digest: try row[3, as: String.self])
    }
}
