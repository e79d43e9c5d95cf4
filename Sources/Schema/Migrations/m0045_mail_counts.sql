-- Opens and clicks of those who have not consented to being known by them: how many there were, and nobody's.
create table mail_counts (
    workspace_id integer not null,
    journey text not null,
    step text not null,
    template text not null,
    kind text not null check (kind in ('open', 'click')),
    visitor text not null,
    day integer not null,
    count bigint not null,
    primary key (workspace_id, journey, step, template, kind, visitor, day)
);
comment on table mail_counts is 'How often mails of steps were opened and clicked by readers who are not known by it';
comment on column mail_counts.visitor is 'human, prefetch, scanner or unknown, as with events';
comment on column mail_counts.day is 'Of domain time in UTC, since 1970';

alter table mail_counts enable row level security;
create policy every_workspace on mail_counts
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on mail_counts to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));

grant select, insert, update (count) on mail_counts to loods_ingest;
grant select on mail_counts to loods_operator, loods_tool, loods_reader;
