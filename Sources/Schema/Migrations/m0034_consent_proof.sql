-- What proves each line of the ledger of consents, and lines of those who were asked and have not answered, or said no. Only
-- adds: the build before reads every state but 'given' as one that stops marketing, and writes no proof.

alter table consents drop constraint consents_state_check;
alter table consents add constraint consents_state_check check (state in ('pending', 'given', 'denied', 'withdrawn'));
alter table consents add column proof jsonb not null default '{}';
comment on column consents.proof is
    'Version, language and SHA-256 of the wording, page, actor, address and program of the device, the mail that was confirmed
and when, until when a request may be: whatever was stated';
comment on table consents is
    'Append-only: the latest by (at, event_id) holds, and of two at one instant the refusal; pending holds where nothing else was
ever said';
