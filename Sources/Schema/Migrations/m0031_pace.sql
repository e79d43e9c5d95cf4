-- The pace of mails: limits that all mailers share, and the lines in which mails wait for their turn. Only adds: a mailer of the
-- build before keeps to no limit, and looks at nothing that waits in line.

create table send_quota (
    workspace_id integer not null,
    bucket text not null,
    second_at timestamptz not null default '-infinity',
    second_count bigint not null default 0,
    minute_at timestamptz not null default '-infinity',
    minute_count bigint not null default 0,
    hour_at timestamptz not null default '-infinity',
    hour_count bigint not null default 0,
    day_at timestamptz not null default '-infinity',
    day_count bigint not null default 0,
    failures integer not null default 0,
    lowered bigint not null default 1000,
    lowered_at timestamptz,
    per_minute bigint,
    step integer not null default 0,
    stepped_at timestamptz,
    sent bigint not null default 0,
    deferred bigint not null default 0,
    complaints bigint not null default 0,
    primary key (workspace_id, bucket)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table send_quota is
    'What mails have taken of each limit, in the windows of the domain clock that each unit last counted in; workspace 0: relays';
comment on column send_quota.failures is 'Of a site: deferrals with 421 or 4.7.x on end';
comment on column send_quota.lowered is 'Of a site: the thousandths of its rate that it was slowed down to, at lowered_at';
comment on column send_quota.per_minute is 'Of a site that is slowed down: mails a minute that went before';
comment on column send_quota.step is 'Of a warm-up: how often its allowance of a day has doubled; stepped_at: the day it is of';
comment on column send_quota.sent is 'Of a warm-up: attempts that were answered on its day; of these deferred, and complained of';

-- Each claim asks which sites are slowed down: few, or none.
create index send_quota_lowered on send_quota (workspace_id) where lowered_at is not null;

create table send_lines (
    workspace_id integer not null,
    line text not null,
    next_at timestamptz not null,
    served_at timestamptz not null,
    primary key (workspace_id, line)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table send_lines is
    'Lines in which mails wait that may not go yet: of one class and sending domain, to one site. Whoever joins one locks its row';
comment on column send_lines.next_at is 'Domain time before which none of them may go';
comment on column send_lines.served_at is 'Machine time: the line that has waited longest is served next';

create table send_sessions (
    claim_id uuid not null,
    workspace_id integer not null,
    bucket text not null,
    sessions bigint not null,
    primary key (claim_id, workspace_id, bucket)
);
create index send_sessions_taken on send_sessions (workspace_id, bucket);
comment on table send_sessions is 'Of limits on mails under way at once, how many a claim has; they go with it';

alter table messages add column line text, add column line_rank integer not null default 0;
comment on column messages.line is 'The line that a mail waits in, or waited in last; it waits while due_at is 9998-12-31';
comment on column messages.line_rank is 'The lower goes first';
create index messages_in_line on messages (workspace_id, line, line_rank, planned_at, message_id)
    where due_at = '9998-12-31 00:00:00+00' and line is not null;

-- Mailers look for mails of one workspace after the other.
create index messages_looked_for_in_turn on messages (workspace_id, look_at) where look_at is not null;

alter table send_quota enable row level security;
create policy every_workspace on send_quota
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on send_quota to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));
alter table send_lines enable row level security;
create policy every_workspace on send_lines
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on send_lines to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));
alter table send_sessions enable row level security;
create policy every_workspace on send_sessions
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on send_sessions to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));

grant select, insert, update on send_quota to loods_mailer;
grant select, insert, update (next_at, served_at), delete on send_lines to loods_mailer;
grant select, insert, delete on send_sessions to loods_mailer;
grant select on send_quota, send_lines, send_sessions to loods_operator, loods_tool, loods_reader;
grant update (line, line_rank) on messages to loods_mailer;
-- Where a sending domain is warmed up the most engaged go first.
grant select on scores, expiring_scores to loods_mailer;
-- What every worker shows in its metrics.
grant select on send_quota to loods_scoring, loods_scheduler;
grant select (line) on messages to loods_scoring, loods_scheduler;
