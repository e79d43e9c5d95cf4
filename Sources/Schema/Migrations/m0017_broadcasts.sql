-- Broadcasts: journeys that go out on a schedule to the members of a segment. Only adds: a scheduler of the build before goes
-- on beside it, reads no such journey, and leaves these tables alone.

create table schedules (
    workspace_id integer not null,
    journey text not null,
    version integer not null,
    next_occurrence text,
    next_at timestamptz,
    primary key (workspace_id, journey)
);
create index schedules_due on schedules (next_at) where next_at is not null;
comment on table schedules is
    'Of each journey that goes out on a schedule, when it is sent next; nulls: never again';
comment on column schedules.next_occurrence is 'As the clocks show it that it goes by: 2026-03-02T09:00';

create table broadcasts (
    workspace_id integer not null,
    journey text not null,
    occurrence text not null,
    version integer not null,
    segment text not null,
    due_at timestamptz not null,
    opened_at timestamptz not null,
    state text not null check (state in ('walking', 'done', 'missed', 'stopped')),
    members bigint not null default 0,
    walked bigint not null default 0,
    entered bigint not null default 0,
    skipped bigint not null default 0,
    last_contact uuid,
    next_at timestamptz,
    looked_at timestamptz not null,
    ended_at timestamptz,
    primary key (workspace_id, journey, occurrence)
);
create index broadcasts_walking on broadcasts (next_at) where state = 'walking';
comment on table broadcasts is 'Each time that a journey went out on its schedule, and how far it has come';
comment on column broadcasts.version is 'That took entries when it began';
comment on column broadcasts.opened_at is 'It goes to those who were in the segment then, and are still when it comes to them';
comment on column broadcasts.state is
    'missed: it was too late; stopped: its journey no longer takes entries, or goes to another segment';
comment on column broadcasts.members is 'How many there were when it began';
comment on column broadcasts.skipped is
    'Walked and not entered: another contact with the same address was, the contact''s own time had passed, it has left the '
    'segment meanwhile, or has entered before';
comment on column broadcasts.last_contact is 'Up to this contact the members were walked; null once it is over';
comment on column broadcasts.next_at is 'Domain time before which nobody else enters';
comment on column broadcasts.looked_at is 'Machine time: what waits longest is served next';

alter table messages add column segment text;
comment on column messages.segment is 'Of a broadcast: whoever is not in this segment any more is not sent it; null: of none';

grant select (workspace_id, revision) on workspaces to loods_scheduler;
grant select on backfills, wakes, merges to loods_scheduler;
grant select, update (next_occurrence, next_at) on schedules to loods_scheduler;
grant select, insert, update on broadcasts to loods_scheduler;
grant select on segment_members to loods_mailer;
grant select on schedules, broadcasts to loods_operator, loods_tool, loods_reader;
grant insert, update, delete on schedules to loods_tool;
grant update (state, ended_at, last_contact, next_at) on broadcasts to loods_tool;

do $$
declare
    made text;
begin
    foreach made in array array['schedules', 'broadcasts'] loop
        execute format('alter table %I enable row level security', made);
        execute format(
            'create policy every_workspace on %I to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, '
            'loods_operator using (true) with check (true)', made);
        execute format(
            'create policy bound_workspace on %I to loods_tool, loods_reader '
            'using (workspace_id = (select bound_workspace()))', made);
    end loop;
end $$;
