-- What a mailer had handed over when it died, or its connection broke, may have been sent. The policy of its class says
-- whether it is sent again, once, or held as unknown for good.
alter table messages
    add column may_resend boolean not null default false,
    add column resent_at timestamptz;
comment on column messages.may_resend is
    'Written when it is claimed: whether it is planned again, should nobody learn what became of this hand-over';
comment on column messages.resent_at is
    'When it was planned again after a hand-over of which nobody knows the end. Domain time; null: never';
grant update (may_resend, resent_at) on messages to loods_mailer;
create index messages_resent on messages (workspace_id, resent_at) where resent_at is not null;
