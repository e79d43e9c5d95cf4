-- Entering a journey again after an exit: what was refused while a run was under way stays refused.

alter table runs add column refused_at timestamptz, add column refused_event_id text collate "C";
comment on column runs.refused_at is
    'The last place in the history at which another entry was refused since this run was under way; null: none was';

grant update (refused_at, refused_event_id) on runs to loods_scheduler;
