-- What is told of messages that were kept back, and of contacts that get no marketing. Only adds: a mailer of the build before
-- notes no caps, and a scheduler of the build before nobody as held out.

alter table messages add column saw jsonb;
comment on column messages.saw is 'What the gate saw beside its reasons: the caps that were full, and what counted';
grant update (saw) on messages to loods_mailer;

alter table runs add column held_out boolean;
comment on column runs.held_out is
    'Whether the contact was in the workspace''s hold-out when the run began; null: there was none';
