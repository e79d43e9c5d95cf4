-- Mailers hold what they meet of a journey that is paused, as schedulers do; a mailer of the build before holds none.

grant select (workspace_id, journey, paused_at) on journeys to loods_mailer;
