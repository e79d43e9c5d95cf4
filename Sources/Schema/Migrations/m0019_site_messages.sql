-- Messages that a site shows its visitor. A mailer or scheduler of the build before cannot read definitions with such steps, and
-- puts their messages off.

comment on column messages.channel is
    'How it goes: email to the contact, notify to the team by mail, webhook by an HTTP request, site to the contact''s next visit';

alter table messages add column show_until timestamptz;
comment on column messages.show_until is 'Of a site message: from then on it is not shown any more; null: of none';

alter table messages add column shown_at timestamptz;
comment on column messages.shown_at is 'When the site reported that it had shown it; null: not yet, or of another channel';

-- The edge hands out what is laid out for a visitor, and asks of its run and its journey whether it still may.
grant select (journey, step, revision, channel, planned_at, show_until, shown_at), update (shown_at)
    on messages to loods_ingest;
grant select (workspace_id, contact_id, run_id, outcome) on runs to loods_ingest;
grant select (workspace_id, journey, paused_at) on journeys to loods_ingest;
-- A withdrawal takes back what is laid out.
grant select (channel, shown_at) on messages to loods_scoring;

-- No state: what hand-overs and outcomes change stays out of all indexes.
create index messages_laid_out on messages (workspace_id, contact_id)
    where channel = 'site' and shown_at is null;

-- What goes by requests and what is laid out are looked for together, beside mails. The build before looks for requests alone,
-- by messages_called and messages_called_held.
create index messages_carried on messages (look_at) where channel in ('webhook', 'site') and look_at is not null;
create index messages_carried_held on messages (due_at) where channel in ('webhook', 'site') and due_at is not null;
