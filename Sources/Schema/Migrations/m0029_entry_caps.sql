-- Caps of entries: of each journey that has had one, how many have entered, and by when. Only adds: a scheduler of the build
-- before reads no journey with a cap.

create table entry_caps (
    workspace_id integer not null,
    journey text not null,
    entered bigint not null,
    primary key (workspace_id, journey)
);
comment on table entry_caps is 'Of each journey with a cap, how many have entered; its row is locked by whoever lets somebody in';

create table entry_times (
    workspace_id integer not null,
    journey text not null,
    at timestamptz not null,
    entered bigint not null,
    primary key (workspace_id, journey, at)
);
comment on table entry_times is 'How many had entered by when, as far back as the journey''s caps look';
comment on column entry_times.at is 'Domain time; never before that of an entry which is counted';

grant select, insert, update (entered) on entry_caps to loods_scheduler;
grant select, insert, update (entered), delete on entry_times to loods_scheduler;
-- Whoever was turned away stays so when the same signal comes twice.
grant select (workspace_id, contact_id, decision_id) on decisions to loods_scheduler;
grant select on entry_caps, entry_times to loods_operator, loods_tool, loods_reader;

alter table entry_caps enable row level security;
create policy every_workspace on entry_caps
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on entry_caps to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));
alter table entry_times enable row level security;
create policy every_workspace on entry_times
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on entry_times to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));
