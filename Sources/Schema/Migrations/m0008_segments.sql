-- Segments and personas as facts, the wakes by which they change with time alone, and how far new definitions have been
-- carried through the audience. Only adds: services of the build before go on beside it, and leave these tables alone.

create table segment_members (
    workspace_id integer not null,
    contact_id uuid not null,
    segment text not null,
    ordinal integer not null,
    entered_at timestamptz not null,
    cause text not null check (cause in ('event', 'time', 'backfill')),
    primary key (workspace_id, contact_id, segment)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index segment_members_segment on segment_members (workspace_id, segment, contact_id);
comment on table segment_members is 'Who is in which segment now';
comment on column segment_members.ordinal is 'How often the contact has entered the segment, this time included';

create table segment_moves (
    workspace_id integer not null,
    contact_id uuid not null,
    segment text not null,
    ordinal integer not null,
    move text not null check (move in ('entered', 'left')),
    at timestamptz not null,
    cause text not null check (cause in ('event', 'time', 'backfill')),
    event_id text collate "C",
    revision integer not null,
    decided_at timestamptz not null,
    primary key (workspace_id, contact_id, segment, ordinal, move)
);
comment on table segment_moves is 'Each entering and leaving of a segment: append-only';
comment on column segment_moves.at is
    'The place in the history: of the event, the instant that time made it so, or when the definition was met';
comment on column segment_moves.event_id is 'The event that caused it; null for time and backfill';
comment on column segment_moves.revision is 'Of the definitions that decided';

create table personas (
    workspace_id integer not null,
    contact_id uuid not null,
    persona text not null,
    since timestamptz not null,
    primary key (workspace_id, contact_id)
) with (fillfactor = 80);
comment on table personas is 'The persona of each contact that has another than its workspace''s default';

create table wakes (
    workspace_id integer not null,
    contact_id uuid not null,
    due_at timestamptz not null,
    primary key (workspace_id, contact_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
create index wakes_due on wakes (due_at);
comment on table wakes is
    'Per contact an instant before which time alone changes none of its stage, segments and persona; may be early';

create table backfills (
    workspace_id integer primary key,
    revision integer not null,
    everybody boolean not null,
    contacts bigint not null,
    done bigint not null default 0,
    changed bigint not null default 0,
    last_claimed uuid,
    is_claimed boolean not null default false,
    started_at timestamptz not null,
    looked_at timestamptz not null,
    ended_at timestamptz
);
comment on table backfills is
    'How far the newest definitions of each workspace have been carried through its audience, in the order of contacts';
comment on column backfills.everybody is 'Whether contacts evaluated under that revision are looked at too';
comment on column backfills.contacts is 'How many there were when it began';
comment on column backfills.last_claimed is 'Up to this contact, slices have been handed to workers; is_claimed: all have';
comment on column backfills.looked_at is 'Machine time: who waits longest is served next';

create table backfill_slices (
    slice_id uuid primary key,
    workspace_id integer not null,
    revision integer not null,
    behind uuid not null,
    up_to uuid not null,
    worker text not null,
    claimed_at timestamptz not null
);
comment on table backfill_slices is
    'Contacts that a worker has in hand for a backfill; claimed_at is machine time, and who is long past it has died';

grant select, insert, update, delete on segment_members, personas, wakes, backfills, backfill_slices to loods_scoring;
grant select, insert, delete on segment_moves, pages to loods_scoring;
grant select on segment_members to loods_scheduler;
grant select on segment_members, segment_moves, personas, wakes, backfills, backfill_slices to loods_operator;
grant select on segment_members, segment_moves, personas, wakes, backfills to loods_tool, loods_reader;

do $$
declare
    made text;
begin
    foreach made in array array[
        'segment_members', 'segment_moves', 'personas', 'wakes', 'backfills', 'backfill_slices']
    loop
        execute format('alter table %I enable row level security', made);
        execute format(
            'create policy every_workspace on %I to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, '
            'loods_operator using (true) with check (true)', made);
        execute format(
            'create policy bound_workspace on %I to loods_tool, loods_reader '
            'using (workspace_id = (select bound_workspace()))', made);
    end loop;
end $$;
