-- Journeys are paused of whose marketing too much comes back. By when mails were planned: what changes as they are sent must
-- stand in no index, so that the changes stay within their pages.
create index messages_failed on messages (workspace_id, journey, planned_at)
    where topic is not null and failure in ('invalid', 'mailbox', 'unclear', 'complaint');
create index messages_of_journey on messages (workspace_id, journey, planned_at) where topic is not null;
grant update (paused_at) on journeys to loods_mailer;
grant select, insert on interventions to loods_mailer;
