-- Journeys are paused of whose marketing too much comes back.
create index messages_failed on messages (workspace_id, journey, final_at)
    where topic is not null and failure in ('invalid', 'mailbox', 'unclear', 'complaint');
grant update (paused_at) on journeys to loods_mailer;
grant select, insert on interventions to loods_mailer;
