-- How much senders may bring: the rate of a key, the quota of a workspace, and what ingest processes have taken of them.
--
-- Only adds: a build that knows nothing of it goes on, and limits nothing.

alter table keys add column rate bigint check (rate > 0);
comment on column keys.rate is 'Events a second that the key may bring, over all ingest processes; null: as many as come';

alter table workspaces add column daily_quota bigint check (daily_quota > 0);
alter table workspaces add column monthly_quota bigint check (monthly_quota > 0);
comment on column workspaces.daily_quota is 'Events of a day (UTC, machine time) over all keys; null: as many as come';
comment on column workspaces.monthly_quota is 'Events of a calendar month (UTC, machine time) over all keys; null: as many as come';

create table key_allowances (
    workspace_id integer not null,
    name text not null,
    level bigint not null,
    refilled_at timestamptz not null,
    primary key (workspace_id, name)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table key_allowances is 'What is left of each key''s rate, of which ingest processes take slices';
comment on column key_allowances.level is 'Millionths of an event; below zero: taken before it was there, and paid back first';
comment on column key_allowances.refilled_at is 'Machine time up to which the rate is in the level';

create table quota_use (
    workspace_id integer primary key,
    day timestamptz not null,
    day_events bigint not null,
    month timestamptz not null,
    month_events bigint not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table quota_use is 'Events that ingest processes have taken of each workspace''s quota, what they hold in hand included';
comment on column quota_use.day is 'The beginning (UTC, machine time) of the day that day_events is of';
comment on column quota_use.month is 'The beginning (UTC, machine time) of the month that month_events is of';

create table edges (
    edge_id uuid primary key,
    seen_at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table edges is 'Ingest processes that live, between which limits without an account of their own are shared; seen_at is machine time';
