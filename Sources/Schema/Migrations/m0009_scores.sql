-- Scores with caps and with points that count for a stated time; stages that may be reached again.

-- Points with an end stand apart from `scores`: one row for all that end at one instant.
create table expiring_scores (
    workspace_id integer not null,
    contact_id uuid not null,
    model text not null,
    until timestamptz not null,
    epoch bigint not null,
    amount bigint not null,
    primary key (workspace_id, contact_id, model, until, epoch)
);
create index expiring_scores_until on expiring_scores (until);
comment on table expiring_scores is 'Fixed-point sums of points that count until an instant; removed some time after it';

-- Which events of capped rules are counted, so that a late one takes the place of the last without the log being read.
create table score_counts (
    workspace_id integer not null,
    contact_id uuid not null,
    day integer not null,
    model text not null,
    rule smallint not null,
    counted jsonb not null,
    primary key (workspace_id, contact_id, day, model, rule)
) with (fillfactor = 80);
comment on table score_counts is 'The first events in order of each capped rule, by day; or all of them, under day 0, where there is a total';
comment on column score_counts.day is 'Days since 1970 in the workspace''s zone';
comment on column score_counts.counted is '[microseconds, event id] of each, as many as the cap lets through';

-- A stage may be left and reached again: the moves of a contact are told apart by their number, in the order in which they
-- were recorded. The build before inserts without it, and gets one.

alter table stages add column number bigint generated always as identity;
alter table stages drop constraint stages_pkey;
alter table stages add primary key (workspace_id, contact_id, number);
comment on table stages is 'Each move of each contact into a stage, and with which event';

grant select, insert, update, delete on expiring_scores, score_counts to loods_scoring;
grant select on expiring_scores to loods_scheduler;
grant select on expiring_scores, score_counts to loods_operator, loods_tool, loods_reader;

do $$
declare
    made text;
begin
    foreach made in array array['expiring_scores', 'score_counts'] loop
        execute format('alter table %I enable row level security', made);
        execute format(
            'create policy every_workspace on %I to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, '
            'loods_operator using (true) with check (true)', made);
        execute format(
            'create policy bound_workspace on %I to loods_tool, loods_reader '
            'using (workspace_id = (select bound_workspace()))', made);
    end loop;
end $$;
