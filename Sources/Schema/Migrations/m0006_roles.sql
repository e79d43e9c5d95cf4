-- Who may do what: a role for each service with no more than its statements need, and workspaces that the command line, the
-- console and readers see one at a time. The roles themselves belong to the server, not to a database, and are made before
-- any step runs (`Roles`). What each may do is decided in the table of Tests/StoreTests/Rights.swift.
--
-- The owner, who migrates, is bound by none of it: services of an earlier build go on under the owner's login.

do $$
declare
    members constant text :=
        'loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator, loods_tool, loods_reader';
begin
    execute format('revoke create on schema %I from public', current_schema());
    execute format('grant usage on schema %I to %s', current_schema(), members);
    execute format('grant connect on database %I to %s', current_database(), members);
end $$;

-- What every role reads

grant select on clock, schema_migrations
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator, loods_tool, loods_reader;

-- The workers' common ground: the outbox, bodies under way, what is set aside. Whose workspace an item is of is null where
-- it is of several, or cannot be read.

alter table set_aside add column workspace_id integer;
comment on column set_aside.workspace_id is 'Null: of several workspaces, or of who knows which';

grant select, insert, delete, update (created_at) on outbox to loods_scoring, loods_scheduler, loods_mailer;
grant select, insert, delete on in_flight to loods_scoring, loods_scheduler, loods_mailer;
grant insert, select (set_aside_id, queue, reason, attempts, history, replayed_at),
    update (replayed_at, reason, attempts, history) on set_aside
    to loods_scoring, loods_scheduler, loods_mailer;
grant select, insert, delete on trials to loods_scoring, loods_scheduler, loods_mailer;
grant select, insert, delete on pages to loods_scheduler, loods_mailer;

-- What each process says of itself, and the figures that workers show.

grant select, insert, delete, update (seen_at, rate, waits_for, oldest) on workers
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer;
grant select on lineage, unknown_messages, open_messages to loods_scoring, loods_scheduler, loods_mailer;

-- ingest: looks keys up, and withdraws consent; of contacts it sees who merged into whom, and nothing of what they are.

grant select on keys to loods_ingest;
grant select (workspace_id, daily_quota, monthly_quota) on workspaces to loods_ingest;
grant select, insert, update (level, refilled_at) on key_allowances to loods_ingest;
grant select, insert, update (day, day_events, month, month_events) on quota_use to loods_ingest;
grant select, insert, delete, update (seen_at) on edges to loods_ingest;
grant select (workspace_id, contact_id, merged_into) on contacts to loods_ingest;
grant select, insert on consents to loods_ingest;
grant select, insert, update (epoch) on send_state to loods_ingest;
grant select (workspace_id, contact_id, message_id, run_id, topic, state, address),
    update (state, final_at, claim_id, due_at, look_at) on messages to loods_ingest;
grant select, insert, update (due_at) on timers to loods_ingest;
grant insert, delete, select (outbox_id) on outbox to loods_ingest;
grant insert, delete, select (flight_id) on in_flight to loods_ingest;

-- scoring: makes facts of events; a merge moves everything that a contact has.

grant select on workspaces, definitions, journey_versions to loods_scoring;
grant select, insert on identities, event_log to loods_scoring;
grant select, insert, update on contacts to loods_scoring;
grant select, insert, delete on recent_ids, stages, consents to loods_scoring;
grant select, insert, update, delete on scores to loods_scoring;
grant select, insert, update (epoch) on send_state to loods_scoring;
grant select, update (contact_id, entry_key, version, ended_at, outcome) on runs to loods_scoring;
grant select (workspace_id, contact_id, message_id, run_id, topic, state, due_at, look_at, retry_at),
    update (contact_id, state, final_at, claim_id, due_at, look_at) on messages to loods_scoring;
grant select, insert, update (contact_id, due_at) on timers to loods_scoring;
grant select (workspace_id, contact_id), update (contact_id) on decisions to loods_scoring;

-- scheduler: reads facts, and takes decisions. It locks contacts, for which the server asks a right to change something.

grant select on definitions, journeys, journey_versions, contacts, scores, consents, event_log to loods_scheduler;
grant update (evaluated_revision) on contacts to loods_scheduler;
grant select, insert, update (state, version, wake_at, ended_at, outcome) on runs to loods_scheduler;
grant select, insert, delete, update (version, due_at) on timers to loods_scheduler;
grant insert on decisions to loods_scheduler;
grant insert, select (
        workspace_id, contact_id, message_id, run_id, step, visit, template, state, handed_at, final_at, due_at, look_at,
        retry_at)
    on messages to loods_scheduler;

-- mailer: reads no events but those that runs began with, which mails may quote.

create view run_entries as
    select r.workspace_id, r.contact_id, r.run_id, l.name, l.properties
    from runs r
    join contacts c on c.workspace_id = r.workspace_id and (c.contact_id = r.contact_id or c.merged_into = r.contact_id)
    join event_log l on l.workspace_id = c.workspace_id and l.subject_id = c.contact_id
        and l.event_id = r.entry_event_id and l.at = r.entry_at;
comment on view run_entries is
    'The event that each run began with; reads with its owner''s rights, so that mailers need none on the log';

grant select on definitions, contacts, suppressions, run_entries to loods_mailer;
grant insert, delete on unknown_messages to loods_mailer;
grant update (
        system_id, timeline, database_id, mark, marked_at, refusal, refused_at, accepted_at, accepted_by)
    on lineage to loods_mailer;
grant select, insert on consents to loods_mailer;
grant select, insert, update (epoch, recent_sends) on send_state to loods_mailer;
grant select, update (
        state, address, due_at, look_at, retry_at, attempt, deferrals, claim_id, epoch, valid_until, handed_at, final_at,
        reasons, reply)
    on messages to loods_mailer;
grant select, insert, delete, update (expires_at) on claims to loods_mailer;
grant select, insert, delete on barriers to loods_mailer;
grant select, insert, update (due_at) on timers to loods_mailer;

-- The command line for all of a cell: looks at everything, and changes what no workspace owns.

grant select on workspaces, definitions, keys, identities, contacts, event_log, recent_ids, scores, stages, consents,
    suppressions, journeys, journey_versions, runs, timers, decisions, messages, send_state, claims, barriers, outbox,
    in_flight, set_aside, trials, pages, key_allowances, quota_use, edges, workers, lineage, fences, unknown_messages,
    events, open_messages to loods_operator;
grant update (at) on clock to loods_operator;
grant insert, update (revision) on workspaces to loods_operator;
grant insert, delete on outbox, in_flight to loods_operator;
grant update (replayed_at) on set_aside to loods_operator;
-- Fences, and replays of messages.
grant update (state, final_at, claim_id, due_at, look_at, attempt, reply, cause_at) on messages to loods_operator;
grant insert, delete on unknown_messages to loods_operator;
grant delete on claims to loods_operator;
grant insert, update (due_at) on timers to loods_operator;
grant insert on fences to loods_operator;
grant update (
        system_id, timeline, database_id, mark, refusal, refused_at, sent_until, accepted_at, accepted_by)
    on lineage to loods_operator;

-- The command line and the console within one workspace; readers, who only look.

grant select on workspaces, definitions, identities, contacts, event_log, scores, stages, consents, suppressions,
    journeys, journey_versions, runs, timers, decisions, messages, send_state, quota_use, unknown_messages, events
    to loods_tool, loods_reader;
grant update (revision, daily_quota, monthly_quota) on workspaces to loods_tool;
grant insert on definitions, journey_versions to loods_tool;
grant insert, update (live_version) on journeys to loods_tool;
grant select, insert, update (revoked_at, rate) on keys to loods_tool;
grant update (state, look_at, final_at) on messages to loods_tool;
grant select, update (replayed_at) on set_aside to loods_tool;
grant insert, delete, select (outbox_id) on outbox to loods_tool;
grant insert, delete, select (flight_id) on in_flight to loods_tool;

-- Row-level security. Workers and operators see every row: `true` costs no plan anything. A tool and a reader see the
-- workspace that `loods.workspace` names, and without it nothing. The name is looked up once a statement, as owner.

create function bound_workspace() returns integer language sql stable security definer as
    $$ select workspace_id from workspaces where name = current_setting('loods.workspace', true) $$;
comment on function bound_workspace() is 'The workspace that loods.workspace names; null where it names none';

-- Under row-level security an index on an expression is not used, since the expression might tell what it is given.
create function contacts_at(address text) returns setof uuid language sql stable security definer as
    $$
        select contact_id from contacts
        where workspace_id = (select bound_workspace()) and merged_into is null and attributes ? 'email'
            and lower(attributes ->> 'email') = lower(address)
    $$;
comment on function contacts_at(text) is 'Contacts of the bound workspace to whose address mail goes';
revoke execute on function bound_workspace(), contacts_at(text) from public;
grant execute on function bound_workspace(), contacts_at(text) to loods_tool, loods_reader;

do $$
begin
    execute format('alter function bound_workspace() set search_path = %I, pg_temp', current_schema());
    execute format('alter function contacts_at(text) set search_path = %I, pg_temp', current_schema());
end $$;

-- `loods tail` looks at the newest blocks of each partition.
grant select on event_log_default to loods_operator, loods_tool;

-- The views of all workspaces read with their owner's rights, and are for those who see all; this one is for everybody.
alter view events set (security_invoker = true);

-- Every table that there is now; a later step does the same for its own.
do $$
declare
    found regclass;
begin
    for found in
        select c.oid::regclass from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
        where c.relnamespace = (select oid from pg_namespace where nspname = current_schema())
            and c.relkind in ('r', 'p')
        order by c.relname
    loop
        execute format('alter table %s enable row level security', found);
        execute format(
            'create policy every_workspace on %s to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, '
            'loods_operator using (true) with check (true)', found);
        execute format(
            'create policy bound_workspace on %s to loods_tool, loods_reader '
            'using (workspace_id = (select bound_workspace()))', found);
    end loop;
end $$;
