-- The log in partitions that are made ahead and leave by retention, and what is kept of events that have left.
--
-- Partitions are of the sender's own time. A part of the log is sealed when its time is over: nothing more comes in. Then
-- its events are counted into totals and carried points, slice by slice and each slice in one transaction, so that a fact is
-- the same before and after whatever dies in between; and when it is empty it is dropped. What lies before the horizon has a
-- part of its own, empty and sealed: nothing can come back.
--
-- Only adds: until a retention is set, services of the release before see the same log in several parts. They know no
-- totals, so a retention is set when they are gone.

create table event_partitions (
    name text primary key,
    starts_at timestamptz not null,
    ends_at timestamptz not null unique,
    sealed_at timestamptz,
    folded_workspace integer not null default 0,
    folded_subject uuid not null default '00000000-0000-0000-0000-000000000000',
    folded_sent_time timestamptz not null default '-infinity',
    folded_event_id text collate "C" not null default ''
);
comment on table event_partitions is
    'The parts of the log; event_log_default takes what was sent after all of them, event_log_untimed imports without times';
comment on column event_partitions.sealed_at is 'From then on nothing came in; machine time';
comment on column event_partitions.folded_event_id is 'With the columns before it: up to this key, events are counted and gone';

create table event_retention (
    only_row boolean primary key default true check (only_row),
    keep_days integer check (keep_days >= 31),
    horizon timestamptz,
    set_at timestamptz,
    set_by text
);
insert into event_retention default values;
comment on table event_retention is 'One row: how long the log is kept, for all workspaces';
comment on column event_retention.keep_days is 'Null: for good';
comment on column event_retention.horizon is 'What was sent before it is not taken any more; null: nothing has left the log yet';

create table event_totals (
    workspace_id integer not null,
    subject_id uuid not null,
    name text not null,
    count bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    sums jsonb not null default '{}',
    primary key (workspace_id, subject_id, name)
) with (fillfactor = 80);
comment on table event_totals is 'What is known of events that have left the log, by subject and event name';
comment on column event_totals.sums is 'Per numeric property the exact sum, as numbers of falling size whose sum it is';

create table carried_scores (
    workspace_id integer not null,
    subject_id uuid not null,
    model text not null,
    rules uuid not null,
    until timestamptz not null,
    epoch bigint not null,
    amount bigint not null,
    primary key (workspace_id, subject_id, model, rules, until, epoch)
) with (fillfactor = 80);
comment on table carried_scores is
    'What events that have left the log gave by rules without a cap, so that a score can be counted afresh';
comment on column carried_scores.rules is 'Names the rules that gave them; others begin with the log';
comment on column carried_scores.until is 'infinity: for good';

create table carried_counts (
    workspace_id integer not null,
    subject_id uuid not null,
    model text not null,
    rules uuid not null,
    rule smallint not null,
    day integer not null,
    counted jsonb not null,
    primary key (workspace_id, subject_id, model, rules, rule, day)
) with (fillfactor = 80);
comment on table carried_counts is 'Likewise of rules with a cap: the first events in order, as in score_counts';

-- Where a period that holds an instant begins, or the one some periods later. A period has 1, 3 or 12 months, of UTC.
create function log_period(instant timestamptz, months integer, later integer) returns timestamptz
    language plpgsql immutable as $$
declare
    day timestamp := instant at time zone 'UTC';
    period integer := (extract(year from day)::integer * 12 + extract(month from day)::integer - 1) / months + later;
begin
    return make_timestamptz(period * months / 12, period * months % 12 + 1, 1, 0, 0, 0, 'UTC');
end $$;

-- Keeps the rows of a table apart by workspace, as every table's are; a part of the log needs it by itself as well.
create function keep_workspaces_apart(target text) returns void language plpgsql as $$
begin
    execute format('alter table %I enable row level security', target);
    execute format(
        'create policy every_workspace on %I to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, '
        'loods_operator using (true) with check (true)', target);
    execute format(
        'create policy bound_workspace on %I to loods_tool, loods_reader '
        'using (workspace_id = (select bound_workspace()))', target);
end $$;

-- Makes the next partition where one is missing: there is always the present period and the next. Returns its name, or null.
--
-- What takes a lock waits for a fifth of a second at most, for as long makes others wait, and fails: it is tried again later.
-- The default part is looked through under its lock by the server itself, so it is to hold little: only what was sent, by
-- some wrong clock, after the next period. What of that belongs to the new part moves.
create function extend_event_log(instant timestamptz, months integer) returns text
    language plpgsql security definer set lock_timeout = '200ms' as $$
declare
    first constant timestamptz := '1970-01-01 00:00:00.000001+00';
    last timestamptz;
    ends timestamptz;
    part text;
begin
    if exists (select from event_partitions where ends_at >= log_period(instant, months, 2)) then return null; end if;
    lock table event_partitions in share row exclusive mode;
    -- Another process may have made it meanwhile.
    select coalesce((select max(ends_at) from event_partitions), (select horizon from event_retention)) into last;
    if last >= log_period(instant, months, 2) then return null; end if;
    ends := log_period(coalesce(last, instant), months, 1);
    part := 'event_log_to_' || to_char(ends at time zone 'UTC', 'YYYYMMDD');
    if last is null then
        -- What there is so far becomes the first part; the server looks once whether it lies before its end. Imports that
        -- give no time have the time zero, and a part of their own, which stays.
        lock table event_log in access exclusive mode;
        alter table event_log detach partition event_log_default;
        execute format('alter table event_log_default rename to %I', part);
        execute format('alter index event_log_default_pkey rename to %I', part || '_pkey');
        create table event_log_default (like event_log including all);
        grant select on event_log_default to loods_operator, loods_tool;
        create table event_log_untimed (like event_log including all);
        perform keep_workspaces_apart('event_log_default');
        perform keep_workspaces_apart('event_log_untimed');
        execute format(
            'with moved as (delete from %I where sent_time >= $1 returning *) insert into event_log_default select * from moved',
            part) using ends;
        execute format(
            'with moved as (delete from %I where sent_time < $1 returning *) insert into event_log_untimed select * from moved',
            part) using first;
        execute format('alter table event_log attach partition event_log_untimed for values from (minvalue) to (%L)', first);
        execute format('alter table event_log attach partition %I for values from (%L) to (%L)', part, first, ends);
        alter table event_log attach partition event_log_default default;
        last := first;
    else
        lock table event_log in share update exclusive mode;
        lock table event_log_default in access exclusive mode;
        execute format('create table %I (like event_log including all)', part);
        perform keep_workspaces_apart(part);
        execute format(
            'with moved as (delete from event_log_default where sent_time < $1 returning *) insert into %I select * from moved',
            part) using ends;
        execute format('alter table event_log attach partition %I for values from (%L) to (%L)', part, last, ends);
    end if;
    insert into event_partitions (name, starts_at, ends_at) values (part, last, ends);
    return part;
end $$;
comment on function extend_event_log(timestamptz, integer) is 'Makes the next partition of the log where one is missing';

-- Seals the oldest part, when all that was sent in it is older than retention and a week: so far clocks may be behind.
create function seal_event_log(machine_time timestamptz) returns text
    language plpgsql security definer set lock_timeout = '200ms' as $$
declare
    oldest event_partitions;
begin
    select p.* into oldest from event_partitions p, event_retention r
    where p.sealed_at is null and p.ends_at + make_interval(days => r.keep_days + 7) <= clock_time()
    order by p.ends_at limit 1 for update of p;
    if oldest is null then return null; end if;
    execute format('alter table %I add constraint past_retention check (false) not valid', oldest.name);
    execute format('alter table %I set (autovacuum_enabled = false)', oldest.name);
    update event_partitions set sealed_at = machine_time where name = oldest.name;
    update event_retention set horizon = oldest.ends_at;
    return oldest.name;
end $$;
comment on function seal_event_log(timestamptz) is 'Lets nothing more into the oldest part of the log, once retention is over';

-- Takes events out of a sealed part, from behind one key up to another.
create function take_events(
    part text, workspace integer, subject uuid, sent timestamptz, id text,
    to_workspace integer, to_subject uuid, to_sent timestamptz, to_id text) returns setof event_log
    language plpgsql security definer as $$
begin
    if not exists (select from event_partitions p where p.name = part and p.sealed_at is not null) then
        raise exception 'the part % of the log is not sealed', part;
    end if;
    return query execute format(
        'delete from %I where (workspace_id, subject_id, sent_time, event_id) > ($1, $2, $3, $4) '
        'and (workspace_id, subject_id, sent_time, event_id) <= ($5, $6, $7, $8) '
        'returning workspace_id, subject_id, sent_time, event_id, at, received_at, call, trust, effect, name, '
        'properties, context', part)
        using workspace, subject, sent, id, to_workspace, to_subject, to_sent, to_id;
end $$;
comment on function take_events is 'Removes and returns events of a sealed part of the log, for whoever counts them';

-- Drops the oldest part, once it is sealed and empty. What lies before the horizon is then the one part event_log_past.
create function drop_event_partition(part text) returns boolean
    language plpgsql security definer set lock_timeout = '200ms' as $$
declare
    ends timestamptz;
    is_empty boolean;
begin
    select p.ends_at into ends from event_partitions p
    where p.name = part and p.sealed_at is not null
        and not exists (select from event_partitions o where o.ends_at < p.ends_at)
    for update;
    if ends is null then return false; end if;
    execute format('select not exists (select from %I)', part) into is_empty;
    if not is_empty then return false; end if;
    lock table event_log in access exclusive mode;
    if to_regclass('event_log_past') is null then
        execute format('truncate table %I', part);
        execute format('alter table %I rename to event_log_past', part);
        execute format('alter index %I rename to event_log_past_pkey', part || '_pkey');
    else
        alter table event_log detach partition event_log_past;
        execute format('alter table event_log detach partition %I', part);
        execute format('drop table %I', part);
        execute format(
            'alter table event_log attach partition event_log_past for values from (%L) to (%L)',
            timestamptz '1970-01-01 00:00:00.000001+00', ends);
    end if;
    delete from event_partitions where name = part;
    return true;
end $$;
comment on function drop_event_partition(text) is 'Drops the oldest part of the log, once it is sealed and empty';

revoke execute on function log_period(timestamptz, integer, integer), keep_workspaces_apart(text),
    extend_event_log(timestamptz, integer), seal_event_log(timestamptz),
    take_events(text, integer, uuid, timestamptz, text, integer, uuid, timestamptz, text), drop_event_partition(text)
    from public;
grant execute on function extend_event_log(timestamptz, integer), seal_event_log(timestamptz),
    take_events(text, integer, uuid, timestamptz, text, integer, uuid, timestamptz, text), drop_event_partition(text)
    to loods_scoring;

do $$
declare
    made text;
begin
    foreach made in array array[
        'log_period(timestamptz, integer, integer)', 'keep_workspaces_apart(text)', 'extend_event_log(timestamptz, integer)',
        'seal_event_log(timestamptz)', 'drop_event_partition(text)',
        'take_events(text, integer, uuid, timestamptz, text, integer, uuid, timestamptz, text)']
    loop
        execute format('alter function %s set search_path = %I, pg_temp', made, current_schema());
    end loop;
    foreach made in array array['event_totals', 'carried_scores', 'carried_counts'] loop
        perform keep_workspaces_apart(made);
    end loop;
end $$;

grant select, update (folded_workspace, folded_subject, folded_sent_time, folded_event_id)
    on event_partitions to loods_scoring;
grant select on event_partitions to loods_operator, loods_tool;
grant select on event_retention to loods_scoring, loods_operator, loods_tool;
grant update (keep_days, set_at, set_by) on event_retention to loods_operator;
grant select, insert, update on event_totals, carried_scores, carried_counts to loods_scoring;
grant select on event_totals to loods_scheduler;
grant select on event_totals, carried_scores, carried_counts to loods_operator, loods_tool, loods_reader;
