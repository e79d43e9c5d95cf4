-- The foundation: clock, workspaces, the audience and its history, journeys, messages, and what lies between processes.
--
-- No default reads the time: every instant is bound by the writer, from the one clock (domain time) or its host (machine
-- time, in columns whose comment says so). No foreign keys: writers hold the contact's lock, and a cell is split by
-- workspace without them.

create table clock (
    only_row boolean primary key default true check (only_row),
    mode text not null check (mode in ('real', 'stepped')),
    at timestamptz not null
);
comment on table clock is 'The one clock: in mode stepped the instant that all services read, in mode real unused';

create function clock_time() returns timestamptz language sql volatile as
    $$ select case mode when 'stepped' then at else clock_timestamp() end from clock $$;
comment on function clock_time() is 'Domain time; writers read it once per transaction and bind it from there';

create table workspaces (
    workspace_id integer generated always as identity primary key,
    name text not null unique,
    revision integer not null,
    created_at timestamptz not null
);

create table definitions (
    workspace_id integer not null,
    revision integer not null,
    files jsonb not null,
    applied_at timestamptz not null,
    applied_by text not null,
    primary key (workspace_id, revision)
);
comment on table definitions is 'The files of a workspace as applied, path to text; a revision never changes';

create table keys (
    workspace_id integer not null,
    name text not null,
    kind text not null check (kind in ('public', 'server')),
    hash bytea not null unique,
    created_at timestamptz not null,
    revoked_at timestamptz,
    primary key (workspace_id, name)
);
comment on column keys.hash is 'SHA-256 of the key; the key itself is nowhere';

-- The audience

create table identities (
    workspace_id integer not null,
    kind text not null check (kind in ('user', 'anonymous', 'email')),
    value text not null,
    subject_id uuid not null,
    primary key (workspace_id, kind, value)
);
create index identities_subject on identities (workspace_id, subject_id);

create table contacts (
    workspace_id integer not null,
    contact_id uuid not null,
    merged_into uuid,
    attributes jsonb not null default '{}',
    attribute_marks jsonb not null default '{}',
    stage text,
    evaluated_revision integer not null default 0,
    created_at timestamptz not null,
    primary key (workspace_id, contact_id)
) with (fillfactor = 80);
create index contacts_merged on contacts (workspace_id, merged_into) where merged_into is not null;
create index contacts_email on contacts (workspace_id, lower(attributes ->> 'email')) where attributes ? 'email';
comment on column contacts.merged_into is 'The survivor, where this contact has merged into another; never a chain';
comment on column contacts.attribute_marks is 'Per attribute the [microseconds, event id] that set it: the last writer wins';

create table event_log (
    workspace_id integer not null,
    subject_id uuid not null,
    sent_time timestamptz not null,
    event_id text collate "C" not null,
    at timestamptz not null,
    received_at timestamptz not null,
    call smallint not null,
    trust smallint not null,
    effect smallint not null,
    name text not null,
    properties jsonb not null,
    context jsonb not null,
    primary key (workspace_id, subject_id, sent_time, event_id)
) partition by range (sent_time);
create table event_log_default partition of event_log default;
comment on column event_log.sent_time is 'The sender''s own uncorrected timestamp, so that a repeat has the same key';
comment on column event_log.effect is '0: live; 1: history, a fact that started nothing';
comment on column event_log.at is 'When it happened, corrected for the sender''s clock';

create view events as
    select l.workspace_id, coalesce(c.merged_into, l.subject_id) as contact_id, l.at, l.received_at, l.name,
        l.event_id, l.properties
    from event_log l
    join contacts c on c.workspace_id = l.workspace_id and c.contact_id = l.subject_id;

create table recent_ids (
    workspace_id integer not null,
    subject_id uuid not null,
    event_id text collate "C" not null,
    received_at timestamptz not null,
    primary key (workspace_id, subject_id, event_id)
);
create index recent_ids_age on recent_ids (received_at);
comment on table recent_ids is 'Events that came without a timestamp, for 24 hours, so that a repeat is seen';

create table scores (
    workspace_id integer not null,
    contact_id uuid not null,
    model text not null,
    epoch bigint not null,
    amount bigint not null,
    primary key (workspace_id, contact_id, model, epoch)
) with (fillfactor = 80);
comment on table scores is 'Fixed-point sums per epoch of sixteen half-lives';

create table stages (
    workspace_id integer not null,
    contact_id uuid not null,
    stage text not null,
    at timestamptz not null,
    event_id text collate "C" not null,
    previous text,
    decided_at timestamptz not null,
    primary key (workspace_id, contact_id, stage)
);
comment on table stages is 'When each contact reached each stage, and with which event';

create table consents (
    workspace_id integer not null,
    contact_id uuid not null,
    topic text not null,
    channel text not null,
    address text not null,
    at timestamptz not null,
    event_id text collate "C" not null,
    state text not null check (state in ('given', 'withdrawn')),
    wording text,
    source text not null,
    recorded_at timestamptz not null,
    primary key (workspace_id, contact_id, topic, channel, address, at, event_id)
);
comment on table consents is 'Append-only: the latest by (at, event_id) holds, and of two at one instant the withdrawal';

create table suppressions (
    workspace_id integer not null,
    address text not null,
    reason text not null,
    at timestamptz not null,
    primary key (workspace_id, address)
);

-- Journeys

create table journeys (
    workspace_id integer not null,
    journey text not null,
    live_version integer,
    primary key (workspace_id, journey)
);
comment on column journeys.live_version is 'The version that takes entries; null when the journey is no longer applied';

create table journey_versions (
    workspace_id integer not null,
    journey text not null,
    version integer not null,
    revision integer not null,
    digest text not null,
    applied_at timestamptz not null,
    primary key (workspace_id, journey, version)
);
comment on column journey_versions.revision is 'The revision of the definitions that holds this version and its templates';

create table runs (
    workspace_id integer not null,
    contact_id uuid not null,
    run_id uuid not null,
    journey text not null,
    journey_version integer not null,
    entry_key text not null,
    entry_at timestamptz not null,
    entry_event_id text collate "C" not null,
    entered_at timestamptz not null,
    state jsonb not null,
    version integer not null,
    wake_at timestamptz,
    ended_at timestamptz,
    outcome text,
    primary key (workspace_id, contact_id, run_id),
    unique (workspace_id, contact_id, journey, entry_key)
) with (fillfactor = 80);
create index runs_open on runs (workspace_id, contact_id) where ended_at is null;
comment on column runs.version is 'Counts the changes of wake_at; a timer with another version is stale';
comment on column runs.wake_at is 'The instant for which the run''s timer was last set; null: none, whatever timer there is is stale';

create table timers (
    workspace_id integer not null,
    contact_id uuid not null,
    run_id uuid not null,
    kind text not null check (kind in ('wake', 'verdict')),
    version integer not null,
    due_at timestamptz not null,
    primary key (workspace_id, contact_id, run_id, kind)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
create index timers_due on timers (due_at);
comment on column timers.kind is 'wake: set by the run and stale when its version has moved on; verdict: set by the mailer';

create table decisions (
    workspace_id integer not null,
    contact_id uuid not null,
    decision_id uuid not null,
    at timestamptz not null,
    kind text not null,
    journey text,
    run_id uuid,
    step text,
    choice text not null,
    saw jsonb,
    primary key (workspace_id, contact_id, decision_id)
);

-- Messages

create table messages (
    workspace_id integer not null,
    contact_id uuid not null,
    message_id uuid not null,
    run_id uuid not null,
    journey text not null,
    step text not null,
    visit integer not null,
    revision integer not null,
    template text not null,
    topic text,
    state text not null check (state in (
        'planned', 'claimed', 'handed', 'accepted', 'refused', 'unknown', 'skipped', 'withdrawn', 'expired')),
    address text,
    planned_at timestamptz not null,
    due_at timestamptz,
    look_at timestamptz,
    retry_at timestamptz,
    attempt integer not null default 0,
    deferrals integer not null default 0,
    claim_id uuid,
    epoch integer,
    valid_until timestamptz,
    handed_at timestamptz,
    final_at timestamptz,
    reasons integer not null default 0,
    reply text,
    primary key (workspace_id, contact_id, message_id),
    check ((state = 'planned') = (due_at is not null or look_at is not null))
) with (fillfactor = 50);
-- No index mentions what a hand-over or an outcome changes, so that both stay within their page (HOT).
create index messages_held on messages (due_at) where due_at is not null;
create index messages_looked_for on messages (look_at) where look_at is not null;
comment on column messages.topic is 'Null for a transactional message';
comment on column messages.due_at is 'When a held message is due; null unless it is held';
comment on column messages.look_at is 'Machine time: when mailers look for a planned message; null while it is held';
comment on column messages.retry_at is 'Machine time: not before, after a deferral, a return or a failed claim';
comment on column messages.reply is 'The last answer of the receiving server, or why there is none';

create table send_state (
    workspace_id integer not null,
    contact_id uuid not null,
    epoch integer not null default 0,
    recent_sends timestamptz[] not null default '{}',
    primary key (workspace_id, contact_id)
) with (fillfactor = 80);
comment on column send_state.epoch is 'Raised by every withdrawal and suppression; a claim of an older epoch cannot be handed';

create table claims (
    claim_id uuid primary key,
    mailer text not null,
    expires_at timestamptz not null,
    workspace_ids integer[] not null,
    contact_ids uuid[] not null,
    message_ids uuid[] not null
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table claims is 'One row a claimed batch, with the keys of its messages; expires_at is machine time';

create view open_messages as
    select c.claim_id, m.workspace_id, m.contact_id, m.message_id, m.state
    from claims c
    cross join lateral unnest(c.workspace_ids, c.contact_ids, c.message_ids) as u (workspace_id, contact_id, message_id)
    join contacts k on k.workspace_id = u.workspace_id and k.contact_id = u.contact_id
    join messages m on m.workspace_id = u.workspace_id and m.contact_id = coalesce(k.merged_into, k.contact_id)
        and m.message_id = u.message_id
    where m.claim_id = c.claim_id and m.state in ('claimed', 'handed');
comment on view open_messages is 'What mailers have in their hands, found by the claims: whoever its contact merged into';

create table barriers (
    barrier_id uuid primary key,
    passed_at timestamptz not null
);
comment on table barriers is
    'Barriers of mailers that have come through the queue of withdrawals; removed by their mailer. passed_at is machine time';

-- Between processes

create table outbox (
    outbox_id uuid primary key,
    queue text not null,
    lane text not null,
    body bytea not null,
    created_at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
create index outbox_age on outbox (queue, lane, created_at);
comment on column outbox.created_at is 'Machine time; the sweeper publishes again what is older than two seconds, and moves it forward';

create table in_flight (
    flight_id uuid primary key,
    queue text not null,
    departed_at timestamptz not null
);
comment on table in_flight is 'Stepped mode only: bodies published or about to be, that have not taken effect yet';

create table set_aside (
    set_aside_id uuid primary key,
    queue text not null,
    lane text not null,
    reason text not null,
    body bytea not null,
    attempts integer not null,
    set_aside_at timestamptz not null,
    replayed_at timestamptz
);
