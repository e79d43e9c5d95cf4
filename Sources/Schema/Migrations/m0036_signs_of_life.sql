-- Whether somebody shows a sign of life, as mailers may see it: that they did something and when. Only adds: a mailer of the build
-- before does not look.

create view signs_of_life as
    select workspace_id, subject_id, name, at from event_log
    where name not in ('Email Opened', 'Email Clicked') or coalesce(properties ->> 'kind', 'human') = 'human';
comment on view signs_of_life is
    'What subjects did and when, without opens and clicks that machines made; reads with its owner''s rights, so that mailers need
none on the log';
grant select on signs_of_life to loods_mailer;
