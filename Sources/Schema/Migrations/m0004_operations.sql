-- What operators see and do: who works and how fast, what is unknown, and whether this is the store that mails were last
-- sent from. Only adds: services of the build before go on beside it.

create table lineage (
    only_row boolean primary key default true check (only_row),
    system_id bigint,
    timeline integer,
    database_id bigint,
    mark bigint not null default 0,
    marked_at timestamptz,
    refusal text,
    refused_at timestamptz,
    sent_until timestamptz,
    accepted_at timestamptz,
    accepted_by text,
    check ((system_id is null) = (timeline is null) and (system_id is null) = (database_id is null))
);
comment on table lineage is
    'The server and timeline that mails were last sent from: another one shows that the store was restored';
comment on column lineage.mark is
    'Rises with claims, before anything of them is handed over; mailers publish it, so that a store that lost some is known';
comment on column lineage.marked_at is 'Domain time of the mark';
comment on column lineage.refusal is 'Why mailers send nothing until loods fence; null: they may. refused_at is machine time';
comment on column lineage.sent_until is
    'Domain time: after the last restore, what was caused until then may have been sent already, and becomes unknown';
comment on column lineage.accepted_at is 'Machine time';
insert into lineage default values;

create table fences (
    fence_id uuid primary key,
    fenced_at timestamptz not null,
    fenced_by text not null,
    restored_at timestamptz not null,
    sent_until timestamptz not null,
    refusal text,
    was_lineage text,
    is_lineage text not null,
    made_unknown bigint not null
);
comment on table fences is 'Each loods fence: who, when, and what it did. fenced_at is machine time';

alter table messages add column cause_at timestamptz;
comment on column messages.cause_at is
    'When that happened for which it was planned: its timer''s due time, or its event''s receipt. Null: as planned_at';

create table unknown_messages (
    workspace_id integer not null,
    contact_id uuid not null,
    message_id uuid not null,
    unknown_at timestamptz not null,
    primary key (workspace_id, contact_id, message_id)
);
comment on table unknown_messages is
    'Messages of which nobody knows whether they were sent, by the contact they had then: few, so that they can be counted';

create function note_unknown_message() returns trigger language plpgsql as $$
begin
    if new.state = 'unknown' then
        insert into unknown_messages (workspace_id, contact_id, message_id, unknown_at)
        values (new.workspace_id, new.contact_id, new.message_id, coalesce(new.final_at, new.planned_at))
        on conflict do nothing;
    else
        -- Its mailer knew the end after all. Its contact may have merged since.
        delete from unknown_messages u using contacts c
        where u.workspace_id = new.workspace_id and u.message_id = new.message_id
            and c.workspace_id = u.workspace_id and c.contact_id = u.contact_id
            and coalesce(c.merged_into, c.contact_id) = new.contact_id;
    end if;
    return null;
end $$;
create trigger messages_unknown after update of state on messages
    for each row when ((new.state = 'unknown') <> (old.state = 'unknown')) execute function note_unknown_message();
insert into unknown_messages (workspace_id, contact_id, message_id, unknown_at)
select workspace_id, contact_id, message_id, coalesce(final_at, planned_at) from messages where state = 'unknown';

-- Unlogged: what it says is fresh or nothing, and a standby that takes over begins with none.
create unlogged table workers (
    worker_id uuid primary key,
    service text not null,
    host text not null,
    pid integer not null,
    started_at timestamptz not null,
    seen_at timestamptz not null,
    rate double precision not null,
    waits_for text,
    oldest jsonb not null
);
comment on table workers is
    'The services'' processes, each as it last said of itself, every few seconds; all times are machine time';
comment on column workers.rate is 'Items a second, lately';
comment on column workers.oldest is 'Of each queue and lane that it takes from, the age in seconds of the oldest body in its hands';

-- For loods tail: decisions are written in the order of their time, so this is small and costs the writer next to nothing.
create index decisions_time on decisions using brin (at) with (pages_per_range = 32, autosummarize = on);
