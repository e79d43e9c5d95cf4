-- Messages to others than the contact: other systems, and the team. A mailer of the build before cannot read definitions with
-- such steps, and puts their messages off.

alter table messages add column channel text not null default 'email';
comment on column messages.channel is
    'How it goes: email to the contact, notify to the team by mail, webhook by an HTTP request';

alter table messages add column answer jsonb;
comment on column messages.answer is 'What the receiver of a request said: its status, and its body where that is JSON and short';

grant update (answer) on messages to loods_mailer;
grant select (answer) on messages to loods_scheduler;

-- Those who send requests look for nothing else.
create index messages_called on messages (look_at) where channel = 'webhook' and look_at is not null;
create index messages_called_held on messages (due_at) where channel = 'webhook' and due_at is not null;
