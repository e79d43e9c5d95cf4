-- Tests within broadcasts: several e-mails tried on a share of the contacts, and the winner for the others. Only adds: a
-- scheduler of the build before reads no journey with such a step.

alter table messages add column tested timestamptz;
comment on column messages.tested is
    'Of what a test tries on a contact: where in time its broadcast''s runs begin; null: it is no trial';
create index messages_tested on messages (workspace_id, journey, step, tested) where tested is not null;

create table test_results (
    workspace_id integer not null,
    journey text not null,
    step text not null,
    entry_at timestamptz not null,
    winner text not null,
    scores jsonb not null,
    decided_at timestamptz not null,
    primary key (workspace_id, journey, step, entry_at)
);
comment on table test_results is 'What was decided of each test: once, with what it was decided on';
comment on column test_results.entry_at is 'Where in time the runs of its broadcast begin';
comment on column test_results.scores is 'Per variant, to how many it was sent and how many did what is measured';

grant select (journey, tested) on messages to loods_scheduler;
grant select, insert on test_results to loods_scheduler;
grant select on test_results to loods_operator, loods_tool, loods_reader;

alter table test_results enable row level security;
create policy every_workspace on test_results
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on test_results to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));
