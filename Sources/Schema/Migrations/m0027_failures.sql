-- What became of mails that did not arrive, and whose fault it is. Only adds: a mailer of the build before records no class, and
-- holds nothing for its sender.

alter table messages
    add column failure text,
    add column failure_status text,
    add column refusals integer not null default 0,
    add column came_back_at timestamptz,
    add column came_back_words text;
comment on column messages.failure is
    'By who could mend it: invalid, mailbox, policy, content, transient, unclear; or complaint. Null: none is known of';
comment on column messages.failure_status is 'The enhanced status code (RFC 3463) of the failure';
comment on column messages.refusals is 'How often a server has refused it for a fault of its sender';
comment on column messages.came_back_at is 'When a mail that a server had taken came back, or was complained of';

alter table suppressions add column detail text;
comment on column suppressions.detail is 'What the receiving server said; null where people decided';

create table sender_pauses (
    workspace_id integer not null,
    domain text not null,
    class text not null check (class in ('marketing', 'transactional')),
    paused_at timestamptz not null,
    status text,
    reply text,
    message_id uuid,
    author text,
    primary key (workspace_id, domain, class)
);
comment on table sender_pauses is
    'Mail of a sender''s domain and class that stands still, since servers refuse it for a fault of the sender';
comment on column sender_pauses.message_id is 'The first that was refused; null where somebody has paused it';

alter table sender_pauses enable row level security;
create policy every_workspace on sender_pauses
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on sender_pauses to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));

grant update (failure, failure_status, refusals, came_back_at, came_back_words) on messages to loods_mailer;
grant insert, update (reason, at, detail) on suppressions to loods_mailer;
grant select, insert on sender_pauses to loods_mailer;
grant select, insert, delete on sender_pauses to loods_tool;
grant select on sender_pauses to loods_operator, loods_reader, loods_scoring, loods_scheduler;

-- What people have done with senders stands in the same account.
alter table interventions drop constraint interventions_kind_check;
alter table interventions add constraint interventions_kind_check
    check (kind in ('pause', 'resume', 'stop', 'migrate', 'content', 'pause-sender', 'resume-sender'));
