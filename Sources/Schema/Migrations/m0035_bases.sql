-- On what mail goes that needs no consent, and what was found of it. Only adds: a mailer of the build before asks for consent.

alter table messages add column basis jsonb;
comment on column messages.basis is
    'On what a message of a topic went, as the gate found it when it was claimed: consent and when it was given, the sale and
when it was, or the balancing test; null: transactional, or claimed by a build that did not say';
grant update (basis) on messages to loods_mailer;

-- Mailers learn that an event happened and when, and nothing of what it says.

create view event_times as
    select workspace_id, subject_id, name, at from event_log
    -- Whoever has the public key can say of anybody that they have bought.
    where trust > 0;
comment on view event_times is
    'When subjects did what, by those who may be believed; reads with its owner''s rights, so that mailers need none on the log';
grant select on event_times to loods_mailer;
