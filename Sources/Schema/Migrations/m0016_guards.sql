-- Quiet hours, frequency caps: what the live definitions say of marketing as a whole holds for every message, of whichever
-- revision it is, and a message that was held does not go once its run has ended by its goal or its exit. Only adds: a mailer
-- of the build before goes on beside it, keeps no such hours, and what it sends is counted all the same.

grant select (workspace_id, revision) on workspaces to loods_mailer;
grant select (workspace_id, contact_id, run_id, ended_at, outcome) on runs to loods_mailer;
grant select (reasons, planned_at) on messages to loods_scheduler;

comment on column send_state.recent_sends is
    'Not used: what caps count are the messages themselves, read under this row''s lock';
