public import Model
public import Postgres

/// Contacts that a worker finds by itself in the store and takes in hand together. A page that stays is a worker that died
/// with it, and a try of each of its contacts.
public enum Pages {
    /// What a page is worked on for.
    public enum Work: String, Sendable {
        case timers
        case messages
        case calls
        case cards
        case wakes
        case backfills

        /// Names a contact in ``Trials``.
        public func item(_ contact: ContactKey) -> UniqueID {
            .derived("loods.trial", rawValue, "\(contact.workspace.rawValue)", contact.contact.description)
        }

        /// Names a run or a message of a contact in ``Trials``.
        public func item(_ contact: ContactKey, _ part: UniqueID) -> UniqueID {
            .derived(
                "loods.trial", rawValue, "\(contact.workspace.rawValue)", contact.contact.description,
                part.description)
        }
    }

    /// Notes a page before it is begun. Not waited for to be on disk: what a crash of the server loses is one try.
    public static func open(
        _ page: UniqueID, of contacts: some Collection<ContactKey>, for work: Work, by trial: Trials.Trial,
        in session: PostgresSession
    ) throws {
        try session.execute(
            """
            with soon as materialized (select set_config('synchronous_commit', 'off', true) as done)
            insert into pages (page_id, work, worker, begun_at, workspace_ids, contact_ids)
            select \(page), \(work.rawValue), \(trial.worker), \(trial.begunAt), \(contacts.map(\.workspace)),
                \(contacts.map(\.contact))
            from soon where done is not null
            """)
    }

    /// Ends pages: all of their contacts have come to an end, or may be tried again.
    public static func close(_ pages: [UniqueID], in session: PostgresSession) throws {
        guard !pages.isEmpty else { return }
        try session.execute(
            """
            with soon as materialized (select set_config('synchronous_commit', 'off', true) as done)
            delete from pages using soon where page_id = any(\(pages)) and done is not null
            """)
    }

    /// Takes over the pages of workers that died: those begun before an instant of machine time. Each counts as a try of
    /// all that were in it.
    public static func inherit(
        _ work: Work, before instant: Timestamp, machineNow: Timestamp, in session: PostgresSession
    ) throws {
        // What has gone well since, unnoticed, must not count for ever.
        try session.execute("delete from trials where begun_at < \(machineNow - .hours(1))")
        let left = try session.query(
            """
            delete from pages where work = \(work.rawValue) and begun_at < \(instant)
            returning worker, begun_at, workspace_ids, contact_ids
            """)
        for row in left {
            let (worker, begunAt, workspaces, contacts) = try row.decode(
                (String.self, Timestamp.self, [WorkspaceID].self, [UniqueID].self))
            let items = zip(workspaces, contacts).map { work.item(ContactKey(workspace: $0, contact: $1)) }
            try note(items, Trials.Trial(begunAt: begunAt, worker: worker, isAlone: false), in: session)
        }
    }

    /// Counts a try of each contact that a worker had in hand when it died.
    static func note(_ items: [UniqueID], _ trial: Trials.Trial, in session: PostgresSession) throws {
        guard !items.isEmpty else { return }
        try session.execute(
            """
            insert into trials (item_id, begun_at, worker, alone)
            select item, \(trial.begunAt), \(trial.worker), \(trial.isAlone)
            from unnest(\(Array(Set(items)).sorted())) as u (item)
            on conflict do nothing
            """)
    }
}
