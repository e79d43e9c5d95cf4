/// What each role may do with each table and view: decided here, granted by the migrations, compared by `RightsTests`.
///
/// **Whoever adds a table** adds its line here and, in the migration that makes it, the grants that the line says (the roles
/// exist before any migration runs). If it has a `workspace_id`, the migration also says
///
///     alter table NAME enable row level security;
///     create policy every_workspace on NAME to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator
///         using (true) with check (true);
///     create policy bound_workspace on NAME to loods_tool, loods_reader
///         using (workspace_id = (select bound_workspace()));
///
/// Whoever adds a statement to a service grants what it needs, and no more, in a migration of its own.
enum Rights {
    /// The columns of the table below.
    static let roles = ["ingest", "scoring", "scheduler", "mailer", "operator", "tool", "reader"]

    /// S select, I insert, U update, D delete; in small letters: only the columns that `columns` names; – nothing.
    static let table = """
        #                    ingest  scoring  scheduler  mailer  operator  tool  reader

        # of the cell
        clock                S       S        S          S       Su        S     S
        schema_migrations    S       S        S          S       S         S     S

        # of a workspace
        workspaces           s       S        s          s       SIu       Su    S
        definitions          S       S        S          S       S         SI    S
        keys                 S       –        –          –       S         SIu   –
        journeys             s       –        S          su      S         SIu   S
        journey_versions     –       S        S          –       S         SIu   S
        interventions        –       –        –          SI      S         SIu   S

        # what may come in at the edge
        key_allowances       SIu     –        –          –       S         –     –
        quota_use            SIu     –        –          –       S         S     S
        edges                SIuD    –        –          –       S         –     –

        # the audience
        identities           –       SI       –          –       S         S     S
        contacts             s       SIU      Su         S       Su        Su    S
        identity_links       –       SIu      –          –       S         S     S
        merges               –       sI       S          –       S         S     S
        companies            –       SIu      S          S       S         S     S
        tombstones           –       S        –          S       SIu       –     –
        erasure_key          –       S        –          S       SI        S     –
        erased_consents      –       sD       –          –       SI        S     –
        erasures             –       –        –          –       SIu       s     s
        event_log            –       SI       S          –       S         S     S
        event_partitions     –       Su       –          –       S         S     –
        event_retention      –       S        –          –       Su        S     –
        event_totals         –       SIU      S          –       S         S     S
        carried_scores       –       SIU      –          –       S         S     S
        carried_counts       –       SIU      –          –       S         S     S
        recent_ids           –       SID      –          –       S         –     –
        scores               –       SIUD     S          S       S         S     S
        expiring_scores      –       SIUD     S          S       S         S     S
        score_counts         –       SIUD     –          –       S         S     S
        stages               –       SID      –          –       S         S     S
        consents             SI      SID      S          SI      S         S     S
        consent_digests      –       Su       –          –       S         S     –
        consent_seals        –       SI       –          –       S         S     –
        suppressions         –       –        –          SIu     SD        S     S
        segment_members      –       SIUD     S          S       S         S     S
        segment_moves        –       SID      –          –       S         S     S
        personas             –       SIUD     S          –       S         S     S
        wakes                –       SIUD     S          S       S         S     S
        backfills            –       SIUD     S          S       S         S     S
        backfill_slices      –       SIUD     –          –       S         –     –

        # journeys
        schedules            –       –        Su         –       S         SIUD  S
        broadcasts           –       –        SIU        –       S         Su    S
        test_results         –       –        SI         –       S         S     S
        throttles            –       –        SIu        –       S         S     S
        entry_caps           –       –        SIu        –       S         S     S
        entry_times          –       –        SIuD       –       S         S     S
        runs                 s       Su       SIu        s       S         Su    S
        timers               SIu     SIu      SIuD       SIu     SIu       SIuD  S
        decisions            –       su       sI         –       S         SI    S

        # messages
        messages             su      su       sI         Su      Su        Su    S
        unknown_messages     –       S        S          SID     SID       S     S
        send_state           SIu     SIu      –          SIu     S         S     S
        claims               –       –        –          SIuD    SD        –     –
        sender_pauses        –       S        S          SI      S         SID   S
        send_quota           –       S        S          SIU     S         S     S
        send_lines           –       –        –          SIuD    S         S     S
        send_sessions        –       –        –          SID     S         S     S
        kill_switches        –       S        S          S       S         SID   S
        mail_counts          SIu     –        –          –       S         S     S
        barriers             –       –        –          SID     S         –     –
        lineage              –       S        S          Su      Su        –     –
        fences               –       –        –          –       SI        –     –

        # between processes
        outbox               sID     SIuD     SIuD       SIuD    SIuD      sID   –
        in_flight            sID     SID      SID        SID     SID       sID   –
        set_aside            –       sIu      sIu        sIu     SuD       Su    –
        trials               –       SID      SID        SID     S         –     –
        pages                –       SID      SID        SID     S         –     –
        workers              SIuD    SIuD     SIuD       SIuD    S         –     –

        # views
        events               –       –        –          –       S         S     S
        open_messages        –       S        S          S       S         –     –
        run_entries          –       –        –          S       –         –     –
        event_times          –       –        –          S       –         –     –
        signs_of_life        –       –        –          S       –         –     –
        """

    /// The columns behind the small letters: `table role verb`.
    static let columns: [String: String] = [
        "clock operator u": "at",
        "workspaces operator u": "revision",
        "workspaces tool u": "revision daily_quota monthly_quota",
        "workspaces ingest s": "workspace_id revision daily_quota monthly_quota",
        "workspaces scheduler s": "workspace_id revision",
        "schedules scheduler u": "next_occurrence next_at",
        "broadcasts tool u": "state ended_at last_contact next_at",
        "workspaces mailer s": "workspace_id revision",
        "runs mailer s": "workspace_id contact_id run_id ended_at outcome",
        "keys tool u": "revoked_at rate",
        "key_allowances ingest u": "level refilled_at",
        "quota_use ingest u": "day day_events month month_events",
        "edges ingest u": "seen_at",
        "workers ingest u": "seen_at rate waits_for oldest",
        "workers scoring u": "seen_at rate waits_for oldest",
        "workers scheduler u": "seen_at rate waits_for oldest",
        "workers mailer u": "seen_at rate waits_for oldest",
        "journeys mailer s": "workspace_id journey paused_at",
        // Of those of which too much comes back.
        "journeys mailer u": "paused_at",
        "mail_counts ingest u": "count",
        "journeys tool u": "live_version paused_at",
        "interventions tool u": "runs",
        "journey_versions tool u": "content_revision",
        "contacts tool u": "evaluated_revision",
        "runs tool u": "journey_version state version wake_at ended_at outcome held_at",
        "timers tool u": "version due_at",
        // Who merged into whom, and nothing of what they are.
        "contacts ingest s": "workspace_id contact_id merged_into",
        // The server asks for a right to change something of a row that is to be locked.
        "contacts scheduler u": "evaluated_revision",
        // A merge moves everything that a contact has.
        "runs scoring u": "contact_id entry_key version ended_at outcome",
        "timers scoring u": "contact_id due_at",
        "decisions scoring s": "workspace_id contact_id",
        "decisions scoring u": "contact_id",
        "messages scoring s":
            "workspace_id contact_id message_id run_id topic state due_at look_at retry_at channel shown_at line",
        "messages scoring u": "contact_id state final_at claim_id due_at look_at",
        "send_state scoring u": "epoch",
        "runs scheduler u": "state version wake_at ended_at outcome refused_at refused_event_id held_at waits_since",
        "throttles scheduler u": "next_at looked_at",
        "entry_caps scheduler u": "entered",
        "entry_times scheduler u": "entered",
        // Whether somebody was turned away before.
        "decisions scheduler s": "workspace_id contact_id decision_id",
        "timers scheduler u": "version due_at",
        "messages scheduler s":
            """
        workspace_id contact_id message_id run_id step visit template state handed_at final_at due_at look_at \
        retry_at answer planned_at reasons journey tested line
        """,
        // Withdrawals.
        "messages ingest s":
            """
        workspace_id contact_id message_id run_id topic state address journey step revision channel planned_at show_until \
        shown_at
        """,
        "messages ingest u": "state final_at claim_id due_at look_at shown_at",
        // What a visitor may be shown, its run and its journey say.
        "runs ingest s": "workspace_id contact_id run_id outcome",
        "journeys ingest s": "workspace_id journey paused_at",
        "send_state ingest u": "epoch",
        "timers ingest u": "due_at",
        "timers mailer u": "due_at",
        "messages mailer u":
            """
        state address due_at look_at retry_at attempt deferrals claim_id epoch valid_until handed_at final_at reasons \
        reply answer saw basis failure failure_status refusals came_back_at came_back_words line line_rank \
        may_resend resent_at
        """,
        "suppressions mailer u": "reason at detail",
        "send_state mailer u": "epoch recent_sends",
        "claims mailer u": "expires_at",
        "send_lines mailer u": "next_at served_at",
        "lineage mailer u":
            "system_id timeline database_id mark marked_at refusal refused_at accepted_at accepted_by",
        // Fences; replays of messages.
        "lineage operator u":
            "system_id timeline database_id mark refusal refused_at sent_until accepted_at accepted_by",
        "messages operator u": "state final_at claim_id due_at look_at attempt reply cause_at",
        "timers operator u": "due_at",
        "messages tool u": "state look_at final_at due_at revision reply",
        // Who only publishes after a commit deletes by id, and reads no bodies.
        "outbox ingest s": "outbox_id",
        "outbox tool s": "outbox_id",
        "in_flight ingest s": "flight_id",
        "in_flight tool s": "flight_id",
        "outbox scoring u": "created_at",
        "outbox scheduler u": "created_at",
        "outbox mailer u": "created_at",
        // Who sets the same aside again counts, and reads no bodies.
        "set_aside scoring s": "set_aside_id queue reason attempts history replayed_at",
        "set_aside scoring u": "replayed_at reason attempts history",
        "set_aside scheduler s": "set_aside_id queue reason attempts history replayed_at",
        "set_aside scheduler u": "replayed_at reason attempts history",
        "set_aside mailer s": "set_aside_id queue reason attempts history replayed_at",
        "set_aside mailer u": "replayed_at reason attempts history",
        // How far a part of the log is counted; how long the log is kept.
        "event_partitions scoring u": "folded_workspace folded_subject folded_sent_time folded_event_id",
        "event_retention operator u": "keep_days set_at set_by",
        // Erasure takes somebody out of bodies.
        "set_aside operator u": "replayed_at body",
        "contacts operator u": "erased_before",
        "outbox operator u": "body",
        "erasures operator u": "erased_at finished_at removed pending",
        "erasures tool s": "workspace_id erasure_id asked_at asked_by erased_at finished_at removed",
        "erasures reader s": "workspace_id erasure_id asked_at asked_by erased_at finished_at removed",
        "tombstones operator u": "erased_at reason",
        "consent_digests scoring u": "seal",
        "erased_consents scoring s": "workspace_id hash topic channel at state keep_until",
        "identity_links scoring u": "at event_id held",
        "merges scoring s": "workspace_id contact_id subject_id",
        "companies scoring u": "attributes attribute_marks stirred_from",
        "set_aside tool u": "replayed_at",
    ]

    /// Tables without row-level security, and why each may be.
    static let unbound = [
        "clock": "one row: the cell's clock",
        "schema_migrations": "the schema's own account of itself",
        "erasure_key": "one row: what tells whether a process has the key of the tombstones",
        "event_partitions": "the parts of the log, of all workspaces",
        "event_retention": "one row: how long the log is kept, for all workspaces",
        "lineage": "one row: the server that mails are sent from",
        "fences": "what was done after each restore, to all workspaces",
        "edges": "ingest processes that live, of no workspace",
        "workers": "processes, which serve all workspaces",
        "trials": "ids of what workers have in hand",
        "pages": "what a worker has in hand, of many workspaces; no tool or reader may look",
        "claims": "a mailer's lease on a batch of many workspaces' messages; no tool or reader may look",
        "barriers": "marks in the queue of withdrawals, of no workspace",
        "outbox": "bodies for a queue, each of many workspaces; a tool adds and deletes, and reads none",
        "in_flight": "ids of bodies between processes, only while the clock is stepped",
    ]

    /// `table role` to its letters and columns, as the catalogue is read.
    static func decided() -> [String: String] {
        var decided: [String: String] = [:]
        for line in table.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.split(separator: " ").map(String.init)
            for (role, letters) in zip(roles, fields.dropFirst()) where letters != "–" {
                decided["\(fields[0]) \(role)"] = letters.map { letter in
                    guard letter.isLowercase else { return String(letter) }
                    let names = columns["\(fields[0]) \(role) \(letter)"] ?? "?"
                    return "\(letter)(\(names.split(separator: " ").sorted().joined(separator: " ")))"
                }.joined(separator: " ")
            }
        }
        return decided
    }

    /// The tables and views that have a line.
    static var names: Set<String> {
        Set(table.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { String($0.prefix { $0 != " " }) })
    }
}
