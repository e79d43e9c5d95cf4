public import Model
public import Postgres

/// Moving runs that have not ended to a newer version of their journey.
public enum Successions {
    /// Runs on other versions than one, of some contacts, whose locks are held until the transaction ends.
    public struct Part: Sendable {
        public var runs: [Run]
        /// The last of the contacts.
        public var last: UniqueID
    }

    /// Locks up to `limit` contacts behind `after` that have such runs.
    ///
    /// - Returns: nil where there are no more.
    public static func take(
        _ journey: String, besides version: Int32, in workspace: WorkspaceID, after: UniqueID?, limit: Int32,
        session: PostgresSession
    ) throws -> Part? {
        let start = after ?? UniqueID(high: 0, low: 0)
        let contacts = try session.query(
            """
            select distinct contact_id from runs
            where workspace_id = \(workspace) and journey = \(journey) and journey_version <> \(version)
                and ended_at is null and contact_id > \(start)
            order by contact_id limit \(limit)
            """
        ).map { ContactKey(workspace: workspace, contact: try $0[0, as: UniqueID.self]) }
        guard let last = contacts.last else { return nil }
        let locked = try Contacts.lockUnmerged(Set(contacts), in: session).keys
        let runs = try Runs.open(of: Array(locked), in: session)
        return Part(
            runs: runs.filter { $0.journey == journey && $0.journeyVersion != version }, last: last.contact)
    }

    /// Writes back versions and states, and has the runs looked at: goals and exits of the new version count at once.
    public static func move(_ runs: [Run], now: Timestamp, in session: PostgresSession) throws {
        guard !runs.isEmpty else { return }
        try session.execute(
            """
            update runs r
            set journey_version = u.journey_version, state = u.state, version = r.version + 1, wake_at = \(now)
            from unnest(
                \(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.id)),
                \(runs.map(\.journeyVersion)), \(runs.map(\.state))
            ) as u (workspace_id, contact_id, run_id, journey_version, state)
            where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id and r.run_id = u.run_id
            """)
        try Timers.arm(
            runs.map { Timers.Wake(contact: $0.contact, run: $0.id, version: $0.version + 1, dueAt: now) },
            in: session)
    }

    // MARK: Wording

    /// An e-mail that a version of a journey sends.
    public struct Mail: Sendable, Hashable {
        public var version: Int32
        public var template: String

        public init(version: Int32, template: String) {
            self.version = version
            self.template = template
        }
    }

    /// Has versions of a journey send e-mails as another revision has them from now on, what is planned and in no mailer's
    /// hands included.
    ///
    /// - Returns: how many planned messages that concerns.
    public static func reword(
        _ journey: String, _ mails: Set<Mail>, to revision: Int32, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int64 {
        try session.execute(
            """
            update journey_versions set content_revision = \(revision)
            where workspace_id = \(workspace) and journey = \(journey) and version = any(\(mails.map(\.version)))
            """)
        // Of runs that are on the versions meant: others may have their e-mails on other grounds.
        return Int64(
            try session.execute(
                """
                with planned as (
                    select m.contact_id, m.message_id
                    from messages m join runs r using (workspace_id, contact_id, run_id)
                    join unnest(\(mails.map(\.version)), \(mails.map(\.template))) as u (version, template)
                        on u.version = r.journey_version and u.template = m.template
                    where m.workspace_id = \(workspace) and m.journey = \(journey) and m.state = 'planned'
                        and (m.look_at is not null or m.due_at is not null) and m.revision < \(revision)
                    order by m.contact_id, m.message_id for no key update of m
                )
                update messages m set revision = \(revision) from planned p
                where m.workspace_id = \(workspace) and m.contact_id = p.contact_id and m.message_id = p.message_id
                """))
    }

    /// How many planned messages that would concern.
    public static func rewordable(
        _ journey: String, _ mails: Set<Mail>, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int64 {
        try session.query(
            """
            select count(*)
            from messages m join runs r using (workspace_id, contact_id, run_id)
            join unnest(\(mails.map(\.version)), \(mails.map(\.template))) as u (version, template)
                on u.version = r.journey_version and u.template = m.template
            where m.workspace_id = \(workspace) and m.journey = \(journey) and m.state = 'planned'
                and (m.look_at is not null or m.due_at is not null)
            """)[0][0, as: Int64.self]
    }
}
