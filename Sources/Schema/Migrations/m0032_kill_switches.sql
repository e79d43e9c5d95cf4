-- Workspaces that send nothing until somebody lets them. Only adds: a mailer of the build before does not look.

create table kill_switches (
    workspace_id integer primary key,
    at timestamptz not null,
    author text not null,
    reason text
);
comment on table kill_switches is 'Workspaces of which no mailer claims or hands over anything: by whom, since when (domain time), and why';

alter table kill_switches enable row level security;
create policy every_workspace on kill_switches
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on kill_switches to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));

grant select on kill_switches to loods_mailer, loods_scoring, loods_scheduler, loods_operator, loods_reader;
grant select, insert, delete on kill_switches to loods_tool;

-- What people have done with it stands in the same account.
alter table interventions drop constraint interventions_kind_check;
alter table interventions add constraint interventions_kind_check
    check (kind in (
        'pause', 'resume', 'stop', 'migrate', 'content', 'pause-sender', 'resume-sender', 'stop-sending', 'allow-sending'));
