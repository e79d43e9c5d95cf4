public import Model
public import Postgres

/// Carrying new definitions through an audience: in the order of contacts, slice by slice, by any number of workers.
///
/// A slice is handed out, evaluated and finished in transactions of their own; one whose worker died is handed out again
/// after a while, and being done twice changes nothing.
public enum Backfills {
    /// Contacts of one workspace that a worker has in hand.
    public struct Slice: Sendable, Hashable {
        public var id: UniqueID
        public var workspace: WorkspaceID
        public var revision: Int32
        public var behind: UniqueID
        public var upTo: UniqueID
    }

    /// How far a workspace's backfill has come.
    public struct Progress: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var revision: Int32
        /// How many contacts there were when it began.
        public var contacts: Int64
        public var done: Int64
        /// Those that are in another stage or segment, or have another persona, since.
        public var changed: Int64
        /// Domain time.
        public var startedAt: Timestamp
        public var endedAt: Timestamp?
    }

    /// Who works, and when by its host's clock.
    public struct Hand: Sendable {
        public var worker: String
        public var machineNow: Timestamp

        public init(worker: String, machineNow: Timestamp) {
            self.worker = worker
            self.machineNow = machineNow
        }
    }

    /// So long a worker may have a slice in hand before another takes it over.
    private static let patience = Span.seconds(20)

    /// Workspaces whose live definitions have not been taken up by a backfill yet, with the revision of the last one.
    public static func awaited(
        in session: PostgresSession
    ) throws -> [(workspace: WorkspaceID, revision: Int32, before: Int32?)] {
        try session.query(
            """
            select w.workspace_id, w.revision, b.revision from workspaces w left join backfills b using (workspace_id)
            where w.revision > coalesce(b.revision, 0) order by w.workspace_id
            """
        ).map { row in
            let (workspace, revision, before) = try row.decode((WorkspaceID.self, Int32.self, Int32?.self))
            return (workspace, revision, before)
        }
    }

    /// Takes up a revision, once, in place of an earlier one.
    ///
    /// - Parameters:
    ///   - isNeeded: whether its definitions may change anybody; otherwise it is over as it begins.
    ///   - everybody: whether contacts last evaluated under this very revision are looked at as well.
    public static func begin(
        _ workspace: WorkspaceID, revision: Int32, isNeeded: Bool, everybody: Bool, now: Timestamp, _ hand: Hand,
        in session: PostgresSession
    ) throws {
        let contacts =
            isNeeded
            ? try session.query(
                "select count(*) from contacts where workspace_id = \(workspace) and merged_into is null")[0][
                    0, as: Int64.self] : 0
        let isOver = contacts == 0
        try session.execute(
            """
            insert into backfills as b (
                workspace_id, revision, everybody, contacts, is_claimed, started_at, looked_at, ended_at)
            values (
                \(workspace), \(revision), \(everybody), \(contacts), \(isOver), \(now), \(hand.machineNow),
                \(isOver ? now : nil))
            on conflict (workspace_id) do update set revision = excluded.revision, everybody = excluded.everybody,
                contacts = excluded.contacts, done = 0, changed = 0, last_claimed = null,
                is_claimed = excluded.is_claimed, started_at = excluded.started_at, looked_at = excluded.looked_at,
                ended_at = excluded.ended_at
            where excluded.revision > b.revision
            """)
        try session.execute(
            "delete from backfill_slices where workspace_id = \(workspace) and revision < \(revision)")
    }

    /// The next slice to do: one whose worker is gone, or the next of the workspace that has waited longest.
    public static func claim(
        size: Int32, _ hand: Hand, in session: PostgresSession
    ) throws -> Slice? {
        if let left = try inherit(hand, in: session) { return left }
        let open = try session.query(
            """
            select workspace_id, revision, coalesce(last_claimed, '00000000-0000-0000-0000-000000000000')
            from backfills where ended_at is null and not is_claimed
            order by looked_at limit 1 for update skip locked
            """)
        guard let (workspace, revision, behind) = try open.first?.decode((WorkspaceID.self, Int32.self, UniqueID.self))
        else { return nil }
        let part = try session.query(
            """
            select contact_id, count(*) over () from (
                select contact_id from contacts where workspace_id = \(workspace) and contact_id > \(behind)
                order by contact_id limit \(size)
            ) as part order by contact_id desc limit 1
            """)
        let last = try part.first?.decode((UniqueID.self, Int64.self))
        try session.execute(
            """
            update backfills set last_claimed = coalesce(\(last?.0), last_claimed), looked_at = \(hand.machineNow),
                is_claimed = \((last?.1 ?? 0) < Int64(size))
            where workspace_id = \(workspace)
            """)
        guard let last else {
            try end(workspace, revision: revision, in: session)
            return nil
        }
        let slice = Slice(id: .random(), workspace: workspace, revision: revision, behind: behind, upTo: last.0)
        try session.execute(
            """
            insert into backfill_slices (slice_id, workspace_id, revision, behind, up_to, worker, claimed_at)
            values (
                \(slice.id), \(workspace), \(revision), \(behind), \(last.0), \(hand.worker), \(hand.machineNow))
            """)
        return slice
    }

    private static func inherit(_ hand: Hand, in session: PostgresSession) throws -> Slice? {
        try session.query(
            """
            update backfill_slices s set worker = \(hand.worker), claimed_at = \(hand.machineNow)
            where slice_id = (
                select slice_id from backfill_slices where claimed_at < \(hand.machineNow - patience)
                order by claimed_at limit 1 for update skip locked)
            returning slice_id, workspace_id, revision, behind, up_to
            """
        ).first.map { row in
            let (id, workspace, revision, behind, upTo) = try row.decode(
                (UniqueID.self, WorkspaceID.self, Int32.self, UniqueID.self, UniqueID.self))
            return Slice(id: id, workspace: workspace, revision: revision, behind: behind, upTo: upTo)
        }
    }

    /// The contacts of a slice: those that have yet to be looked at, and how many there are in all. An event may have met
    /// the definitions first.
    public static func contacts(
        of slice: Slice, in session: PostgresSession
    ) throws -> (open: [ContactKey], all: Int) {
        let rows = try session.query(
            """
            select workspace_id, contact_id, evaluated_revision < \(slice.revision)
                or (select everybody from backfills where workspace_id = \(slice.workspace))
            from contacts
            where workspace_id = \(slice.workspace) and contact_id > \(slice.behind) and contact_id <= \(slice.upTo)
                and merged_into is null
            order by contact_id
            """)
        let open = try rows.filter { try $0[2, as: Bool?.self] ?? false }.map { try ContactKey(row: $0) }
        return (open, rows.count)
    }

    /// Counts contacts of a slice that are something else now, in the transaction that has changed them, and last of all:
    /// workers wait for each other here.
    public static func count(changed: Int, of slice: Slice, in session: PostgresSession) throws {
        guard changed > 0 else { return }
        try session.execute(
            """
            update backfills set changed = changed + \(Int64(changed))
            where workspace_id = \(slice.workspace) and revision = \(slice.revision)
            """)
    }

    /// Notes that a slice is done.
    ///
    /// - Parameter contacts: how many it holds.
    public static func finish(_ slice: Slice, contacts: Int, in session: PostgresSession) throws {
        guard try session.execute("delete from backfill_slices where slice_id = \(slice.id)") == 1 else { return }
        try session.execute(
            """
            update backfills set done = done + \(Int64(contacts))
            where workspace_id = \(slice.workspace) and revision = \(slice.revision)
            """)
        try end(slice.workspace, revision: slice.revision, in: session)
    }

    /// Of a backfill that is over no contact's id stays.
    private static func end(_ workspace: WorkspaceID, revision: Int32, in session: PostgresSession) throws {
        let now = try DomainClock.read(in: session)
        try session.execute(
            """
            update backfills set ended_at = \(now), last_claimed = null
            where workspace_id = \(workspace) and revision = \(revision) and is_claimed and ended_at is null
                and not exists (select from backfill_slices where workspace_id = \(workspace))
            """)
    }

    /// The last backfill of each workspace, or of one.
    public static func progress(
        of workspace: WorkspaceID? = nil, in session: PostgresSession
    ) throws -> [Progress] {
        try session.query(
            """
            select workspace_id, revision, contacts, done, changed, started_at, ended_at from backfills
            where \(workspace)::integer is null or workspace_id = \(workspace) order by workspace_id
            """
        ).map { row in
            let (workspace, revision, contacts, done, changed, startedAt, endedAt) = try row.decode(
                (
                    WorkspaceID.self, Int32.self, Int64.self, Int64.self, Int64.self, Timestamp.self, Timestamp?.self
                ))
            return Progress(
                workspace: workspace, revision: revision, contacts: contacts, done: done, changed: changed,
                startedAt: startedAt, endedAt: endedAt)
        }
    }
}
