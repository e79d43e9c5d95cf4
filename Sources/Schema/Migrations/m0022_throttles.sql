-- Throttles of triggered journeys: runs that wait for their turn, first come first served, and per journey from when on the
-- next may begin. Only adds: a scheduler of the build before reads no journey with such a throttle.

alter table runs add column waits_since timestamptz;
comment on column runs.waits_since is 'Since when the run waits for its journey''s throttle to let it begin; null: it does not';
create index runs_waiting on runs (workspace_id, journey, waits_since, run_id)
    where waits_since is not null and ended_at is null;

create table throttles (
    workspace_id integer not null,
    journey text not null,
    next_at timestamptz not null,
    looked_at timestamptz not null,
    primary key (workspace_id, journey)
);
comment on table throttles is 'Of each journey whose runs have waited for their turn, from when on the next may begin';
comment on column throttles.next_at is 'Domain time before which no further run begins';
comment on column throttles.looked_at is 'Machine time: what waits longest is served next';

grant update (waits_since) on runs to loods_scheduler;
grant select, insert, update (next_at, looked_at) on throttles to loods_scheduler;
grant select on throttles to loods_operator, loods_tool, loods_reader;

alter table throttles enable row level security;
create policy every_workspace on throttles to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator
    using (true) with check (true);
create policy bound_workspace on throttles to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));
