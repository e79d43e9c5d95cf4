public import Model
public import Postgres

/// Merging: two contacts turn out to be one person.
public enum Merging {
    /// Makes `survivor` stand for everything that `merged` was: its subjects, attributes, scores, stages, segments,
    /// consents, runs, messages and decisions.
    ///
    /// Events never move: the view `events` follows `merged_into`. Both contacts' rows and `send_state` are locked by now.
    /// Where both have a run under one entry key the survivor's stays, and the other ends `merged`. Claims on either are
    /// fenced off by a new epoch. The caller merges attributes and the stage itself and evaluates segments and persona
    /// afterwards, since rules are its own, and settles which events of capped rules count (`ScoreCounts.move`).
    public static func merge(
        _ merged: ContactKey, into survivor: ContactKey, now: Timestamp, in session: PostgresSession
    ) throws {
        let (w, from, to) = (survivor.workspace, merged.contact, survivor.contact)
        try session.execute(
            """
            update contacts set merged_into = \(to)
            where workspace_id = \(w) and (contact_id = \(from) or merged_into = \(from))
            """)
        try session.execute(
            """
            with moved as (
                delete from scores where workspace_id = \(w) and contact_id = \(from) returning model, epoch, amount
            )
            insert into scores (workspace_id, contact_id, model, epoch, amount)
            select \(w), \(to), model, epoch, amount from moved
            on conflict (workspace_id, contact_id, model, epoch)
            do update set amount = scores.amount + excluded.amount
            """)
        try ScoreSums.moveExpiring(from: merged, to: survivor, in: session)
        try ScoreCounts.move(from: merged, to: survivor, in: session)
        try session.execute(
            """
            with moved as (delete from stages where workspace_id = \(w) and contact_id = \(from) returning *)
            insert into stages (workspace_id, contact_id, stage, at, event_id, previous, decided_at)
            select m.workspace_id, \(to), m.stage, m.at, m.event_id, m.previous, m.decided_at from moved m
            where not exists (
                select from stages s where s.workspace_id = \(w) and s.contact_id = \(to) and s.stage = m.stage)
            order by m.number
            """)
        try session.execute(
            """
            with moved as (delete from consents where workspace_id = \(w) and contact_id = \(from) returning *)
            insert into consents
            select workspace_id, \(to), topic, channel, address, at, event_id, state, wording, source, recorded_at,
                proof
            from moved on conflict do nothing
            """)
        try SegmentMembers.move(w, from: from, to: to, in: session)
        try PersonaRows.move(w, from: from, to: to, in: session)
        try Wakes.move(w, from: from, to: to, in: session)
        try moveRuns(w, from: from, to: to, now: now, in: session)
        try SendStates.raiseEpoch(of: [merged, survivor], in: session)
    }

    /// Merges contacts of whom nothing is known (`Contacts.blank`) into others, each with those that merged into it.
    public static func mergeBlank(
        _ merges: [(blank: ContactKey, survivor: ContactKey)], in session: PostgresSession
    ) throws {
        guard !merges.isEmpty else { return }
        try session.execute(
            """
            with merging as (
                select * from unnest(
                    \(merges.map(\.blank.workspace)), \(merges.map(\.blank.contact)),
                    \(merges.map(\.survivor.contact))) as u (w, contact, survivor)
            ), gone as (
                select w, contact, survivor from merging
                union all
                select w, c.contact_id, survivor
                from merging join contacts c on c.workspace_id = w and c.merged_into = contact
            )
            update contacts c set merged_into = g.survivor from gone g
            where c.workspace_id = g.w and c.contact_id = g.contact
            """)
    }

    /// Makes `heir`, a contact just made that is nothing yet, stand for everything that `contact` was.
    ///
    /// The caller has made the one in this transaction, and holds the lock of the other.
    static func succeed(
        _ contact: ContactKey, by heir: ContactKey, now: Timestamp, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            update contacts h
            set merged_into = null, attributes = c.attributes, attribute_marks = c.attribute_marks, stage = c.stage,
                evaluated_revision = c.evaluated_revision
            from contacts c
            where c.workspace_id = \(contact.workspace) and c.contact_id = \(contact.contact)
                and h.workspace_id = \(heir.workspace) and h.contact_id = \(heir.contact)
            """)
        _ = try SendStates.lock([contact, heir], in: session)
        try merge(contact, into: heir, now: now, in: session)
    }

    private static func moveRuns(
        _ w: WorkspaceID, from: UniqueID, to: UniqueID, now: Timestamp, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            update runs r set ended_at = coalesce(ended_at, \(now)), outcome = coalesce(outcome, 'merged'),
                version = version + 1, entry_key = entry_key || ' merged ' || r.run_id
            where workspace_id = \(w) and contact_id = \(from) and exists (
                select from runs s where s.workspace_id = r.workspace_id and s.contact_id = \(to)
                    and s.journey = r.journey and s.entry_key = r.entry_key)
            """)
        try session.execute(
            """
            update messages set state = 'withdrawn', final_at = \(now), claim_id = null, due_at = null,
                look_at = null
            where workspace_id = \(w) and contact_id = \(from) and state in ('planned', 'claimed') and run_id in (
                select run_id from runs
                where workspace_id = \(w) and contact_id = \(from) and outcome = 'merged')
            """)
        for table in ["runs", "messages", "timers", "decisions"] {
            try session.execute(
                "update \(identifier: table) set contact_id = \(to) where workspace_id = \(w) and contact_id = \(from)")
        }
    }
}
