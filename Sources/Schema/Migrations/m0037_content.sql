-- What an e-mail shows is chosen when it is planned: the wording of a persona and stage, and the variants of its blocks.

alter table messages add column content jsonb;
comment on column messages.content is
    'What was chosen of an e-mail''s content: persona and stage of its wording, and the variant of each block';
grant select on personas to loods_scheduler;
