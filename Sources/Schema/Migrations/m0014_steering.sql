-- What people do with live definitions and journeys: who applied what and why, journeys that are paused or stopped, runs that
-- are moved to a newer version, and wording that runs under way take from a newer revision. Only adds: a scheduler of the build
-- before goes on beside it, and knows no pause.

alter table definitions add column reason text;
comment on column definitions.reason is 'Why it was applied, as whoever did it says';

alter table journeys add column paused_at timestamptz;
comment on column journeys.paused_at is
    'Since when its runs stand still; entries are taken meanwhile, and stand at their first step. Null: not paused';

alter table journey_versions add column content_revision integer;
comment on column journey_versions.content_revision is
    'The revision whose e-mails its runs send from now on; null: those of the revision that it was published with';

alter table runs add column held_at timestamptz;
create index runs_held on runs (workspace_id, journey, contact_id) where held_at is not null;
comment on column runs.held_at is
    'Since when the run is to be looked at and stands still, since its journey is paused; its timer is gone meanwhile';

create table interventions (
    workspace_id integer not null,
    number integer not null,
    at timestamptz not null,
    author text not null,
    kind text not null check (kind in ('pause', 'resume', 'stop', 'migrate', 'content')),
    journey text not null,
    reason text,
    revision integer not null,
    runs bigint not null,
    messages bigint not null,
    primary key (workspace_id, number)
);
comment on table interventions is 'What people did with journeys besides applying definitions; append-only';
comment on column interventions.revision is 'The definitions that were live then';
comment on column interventions.runs is 'Runs that it moved, released or ended';
comment on column interventions.messages is 'Planned messages that it held, released, withdrew or pointed elsewhere';

grant update (held_at) on runs to loods_scheduler;
grant update (paused_at) on journeys to loods_tool;
grant update (content_revision) on journey_versions to loods_tool;
-- The server asks for a right to change something of a row that is to be locked.
grant update (evaluated_revision) on contacts to loods_tool;
grant update (journey_version, state, version, wake_at, ended_at, outcome, held_at) on runs to loods_tool;
grant insert, delete, update (version, due_at) on timers to loods_tool;
grant insert on decisions to loods_tool;
grant update (due_at, revision, reply) on messages to loods_tool;
grant select, insert on interventions to loods_tool;
grant select on interventions to loods_operator, loods_reader;

alter table interventions enable row level security;
create policy every_workspace on interventions
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on interventions
    to loods_tool, loods_reader using (workspace_id = (select bound_workspace()));
